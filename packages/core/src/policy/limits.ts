import type { PolicyJson } from './cedar.ts';

/**
 * Cedar's engine recurses, and its stack is small. When it overflows the engine is broken for the life of the process,
 * so what would be too much for it must never reach it. Measured on 4.13: 300 nested brackets break the parser, chains
 * of 1,000 operators or clauses the evaluator; 100 and 300 are fine.
 */
const maxNesting = 50;
const maxOperators = 3000;
const maxDepth = 200;

/** The tokens of Cedar text, comments left out. In Cedar's grammar a semicolon ends a policy, and stands nowhere else. */
export function* cedarTokens(text: string): Generator<{ token: string; index: number }> {
  const pattern = /\/\/[^\n\r]*|"(?:[^"\\]|\\[\s\S])*"|[A-Za-z_]\w*|\S/g;
  for (const { 0: token, index } of text.matchAll(pattern)) if (!token.startsWith('//')) yield { token, index };
}

const opening = new Set(['(', '[', '{']);
const closing = new Set([')', ']', '}']);
const operators = new Set([
  '&',
  '|',
  '+',
  '-',
  '*',
  '.',
  '!',
  '=',
  '<',
  '>',
  'when',
  'unless',
  'has',
  'like',
  'in',
  'is',
]);

/** What is too much for Cedar's parser, with where; checked on the text, before anything parses it. */
export function tooMuchText(text: string): { index: number; message: string } | undefined {
  let nesting = 0;
  let conditionals = 0;
  let found = 0;
  for (const { token, index } of cedarTokens(text)) {
    if (opening.has(token)) nesting++;
    else if (closing.has(token)) nesting--;
    else if (token === 'if') conditionals++;
    else if (operators.has(token)) found++;
    else if (token === ';') nesting = conditionals = found = 0;
    if (nesting + conditionals > maxNesting) return { index, message: `is nested deeper than ${maxNesting}` };
    if (found > maxOperators) return { index, message: 'is too long: write several policies' };
  }
  return undefined;
}

/** Whether the policy's expressions are too deep for Cedar's evaluator. A chain `a && b && c` is as deep as it is long. */
export function tooDeep({ conditions }: PolicyJson): boolean {
  const open: { node: unknown; depth: number }[] = conditions.map(({ body }) => ({
    node: body,
    depth: conditions.length,
  }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, depth } = next;
    if (depth > maxDepth) return true;
    if (typeof node !== 'object' || node === null) continue;
    // An operator is an object of its name, within which are its operands: two levels of JSON to one of the expression.
    const isOperands = Array.isArray(node) || 'left' in node || 'arg' in node || 'if' in node;
    for (const inner of Object.values(node)) open.push({ node: inner, depth: isOperands ? depth : depth + 1 });
  }
  return false;
}
