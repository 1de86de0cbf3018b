/** Types of which the last four characters stay, as on a receipt. */
const lastFour: ReadonlySet<string> = new Set(['CREDIT_CARD', 'IBAN', 'PHONE']);
const longestShown = 40;
const hidden = '********';

/** The value's shape with its last four for cards, IBANs and phones; its bare shape otherwise; of secrets not even that. */
export function masked(type: string, label: string | undefined, value: string): string {
  // Eight or fewer characters, or four of them, would say too much.
  if (label === 'secret' || value.length > longestShown) return hidden;
  const chars = Array.from(value);
  const letters = chars.filter(isWord).length;
  let left = lastFour.has(type) && letters >= 10 ? letters - 4 : letters;
  return chars.map((char) => (isWord(char) && left-- > 0 ? '*' : isWord(char) || isSign(char) ? char : '*')).join('');
}

const isWord = (char: string): boolean => /[\p{L}\p{N}]/u.test(char);
const isSign = (char: string): boolean => /[ .,:;@+()/_-]/.test(char);
