import { RuntimeFault } from '../errors.ts';

/** One file of a policy folder. `name` is what people see: `permissions.yaml`, `pay.cedar`. */
export interface PolicySource {
  readonly name: string;
  readonly text: string;
}

/** Something wrong in a source; lines and columns count from 1. */
export interface PolicyProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export const problemText = ({ file, line, column, message }: PolicyProblem): string =>
  `${file}:${line}:${column} ${message}`;

/** All problems in one fault, one a line, so that a file is corrected in one go. */
export function invalidPolicy(problems: readonly PolicyProblem[]): RuntimeFault {
  return new RuntimeFault('invalid_policy', { detail: problems.map(problemText).join('\n') });
}

/** Finds the line and column (from 1) of an index into `text`, both in UTF-16 units as editors count them. */
export function placesIn(text: string): (index: number) => { line: number; column: number } {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (index) => {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= index) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: index - (starts[low] ?? 0) + 1 };
  };
}
