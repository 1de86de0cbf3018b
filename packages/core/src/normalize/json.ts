import type { Json, JsonObject } from '../events.ts';
import { RuntimeFault } from '../errors.ts';

export interface JsonLimits {
  readonly maxDepth: number;
}

/**
 * Parses JSON (RFC 8259) as every reader would read it: duplicate member names are refused, because readers differ on
 * which one counts (section 4), and what is judged must be what the next reader sees. Linear in time.
 *
 * @throws RuntimeFault `invalid_json`
 */
export function parseJson(text: string, { maxDepth }: JsonLimits): Json {
  const members = countMembers(text, maxDepth);
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (cause) {
    throw new RuntimeFault('invalid_json', { detail: 'The text ends early or is not JSON.', cause });
  }
  // Each member is one colon outside strings; a repeated name leaves fewer members than colons.
  if (keptMembers(value) !== members) {
    throw new RuntimeFault('invalid_json', { detail: 'A member name occurs twice in one object.' });
  }
  return value;
}

/** Colons outside strings; refuses nesting beyond the limit before the parser or anything after it recurses. */
function countMembers(text: string, maxDepth: number): number {
  let members = 0;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22 /* " */:
        i = endOfString(text, i);
        break;
      case 0x3a /* : */:
        members++;
        break;
      case 0x7b /* { */:
      case 0x5b /* [ */:
        if (++depth > maxDepth) throw new RuntimeFault('invalid_json', { detail: `Nested deeper than ${maxDepth}.` });
        break;
      case 0x7d /* } */:
      case 0x5d /* ] */:
        depth--;
        break;
    }
  }
  return members;
}

/** Index of the closing quote, or the end of the text: an unclosed string is the parser's to report. */
function endOfString(text: string, open: number): number {
  let close = open;
  for (;;) {
    close = text.indexOf('"', close + 1);
    if (close === -1) return text.length;
    let backslashes = 0;
    while (text.charCodeAt(close - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return close;
  }
}

function keptMembers(value: Json): number {
  if (typeof value !== 'object' || value === null) return 0;
  let kept = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') kept += keptMembers(item);
    return kept;
  }
  const members = value as JsonObject;
  for (const name in members) {
    const item = members[name] as Json;
    kept += typeof item === 'object' ? 1 + keptMembers(item) : 1;
  }
  return kept;
}
