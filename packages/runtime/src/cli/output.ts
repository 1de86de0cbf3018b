import type { Writable } from 'node:stream';
import type { z } from 'zod';
import type { CommandFailure } from './exit.ts';
import { showText } from '@sallyport/core';
import { styleText } from 'node:util';

/*
 * The only printer of the command line. Much of what it prints was written by agents, models and strangers, and a
 * terminal obeys control sequences: so every value that is put into a line is escaped here, and only `paint` makes colour.
 */

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** A text in a colour. Its text is escaped as all others are. */
export class Painted {
  readonly style: Style;
  readonly text: string;

  constructor(style: Style, text: string) {
    this.style = style;
    this.text = text;
  }
}
export const paint = (style: Style, text: string): Painted => new Painted(style, text);

type Piece = string | number | Painted;

/** A line: the template is ours, what is put into it may be anybody's. */
export class Line {
  readonly template: TemplateStringsArray;
  readonly pieces: readonly Piece[];

  constructor(template: TemplateStringsArray, pieces: readonly Piece[]) {
    this.template = template;
    this.pieces = pieces;
  }
}
export const safe = (template: TemplateStringsArray, ...pieces: readonly Piece[]): Line => new Line(template, pieces);

/** A stream which may be a terminal. */
export type OutputStream = Writable & { readonly isTTY?: boolean };

/** Longest text put into a line, in characters. */
const limit = 4000;

export class Output {
  readonly #stdout: OutputStream;
  readonly #stderr: OutputStream;
  readonly json: boolean;

  constructor(stdout: OutputStream, stderr: OutputStream, json: boolean) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.json = json;
  }

  /** Data for people, on stdout. With `--json` nothing: the same is in the data. */
  line(line: Line): void {
    if (!this.json) this.#write(this.#stdout, line);
  }

  /** Talk, on stderr. */
  note(line: Line): void {
    this.#write(this.#stderr, line);
  }

  /** Data for programs: one JSON document a line, on stdout, of the shape that the schema promises. */
  data<S extends z.ZodType>(schema: S, value: z.input<S>): void {
    if (this.json) this.#stdout.write(`${safeJson(schema.parse(value))}\n`);
  }

  failure({ message, hint, exitCode }: CommandFailure): void {
    if (this.json) {
      this.#stderr.write(`${safeJson({ error: { exitCode, message, ...(hint !== undefined && { hint }) } })}\n`);
      return;
    }
    const [first = '', ...rest] = message.split('\n');
    this.note(safe`${paint('red', 'error:')} ${first}`);
    for (const line of rest) this.note(safe`  ${line}`);
    if (hint !== undefined) this.note(safe`${paint('dim', hint)}`);
  }

  /** Rows in columns that line up, on stdout. */
  table(rows: readonly (readonly (string | Painted)[])[]): void {
    const widths: number[] = [];
    for (const row of rows) {
      for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, escaped(cell).length);
    }
    for (const row of rows) {
      const cells = row.map((cell, i) => {
        const space = ' '.repeat((widths[i] ?? 0) - escaped(cell).length);
        return this.#render(this.#stdout, cell) + (i === row.length - 1 ? '' : `${space}  `);
      });
      if (!this.json) this.#stdout.write(`${cells.join('')}\n`);
    }
  }

  #write(stream: OutputStream, { template, pieces }: Line): void {
    const text = template.map((fixed, i) => {
      const piece = pieces[i];
      return piece === undefined ? fixed : fixed + this.#render(stream, piece);
    });
    stream.write(`${text.join('')}\n`);
  }

  #render(stream: OutputStream, piece: Piece): string {
    const text = escaped(piece);
    return piece instanceof Painted ? styleText(piece.style, text, { stream, validateStream: true }) : text;
  }
}

const escaped = (piece: Piece): string => showText(piece instanceof Painted ? piece.text : String(piece), limit);

/** JSON leaves DEL, the C1 controls and format characters as they are, and terminals act on them. */
const safeJson = (value: unknown): string =>
  JSON.stringify(value).replace(/[\u007f-\u009f\p{Cf}\p{Co}\p{Zl}\p{Zp}]/gu, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
