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

/** Line and column (from 1) of an index into `text`, both in UTF-16 units as editors count them. */
export function placeAt(text: string, index: number): { line: number; column: number } {
  const before = text.slice(0, index);
  const lineStart = before.lastIndexOf('\n') + 1;
  let line = 1;
  for (let at = before.indexOf('\n'); at !== -1; at = before.indexOf('\n', at + 1)) line++;
  return { line, column: index - lineStart + 1 };
}
