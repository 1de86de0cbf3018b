import type { Json } from '../events.ts';
import type { OfferedTool } from '../pins.ts';

/** A text of a definition, which a model may come to read: a value, or the name of a member. */
export interface DefinitionText {
  /** JSON pointer (RFC 6901). */
  readonly at: string;
  readonly text: string;
  /** The name of a member that somebody made up, such as a parameter's; what the formats prescribe is none. */
  readonly isName: boolean;
}

/** Deeper than any honest schema; what is deeper is not read, and a finding says so. */
const deepest = 64;
const mostTexts = 2_000;

export interface DefinitionTexts {
  readonly texts: readonly DefinitionText[];
  /** False: it is too deep or has too many texts, and not all of them are here. */
  readonly complete: boolean;
}

/** Every text in a definition, wherever it stands: titles, defaults, enums, patterns, comments, names of parameters. */
export function textsOf(tool: OfferedTool): DefinitionTexts {
  const texts: DefinitionText[] = [];
  let complete = true;
  const visit = (value: Json, at: string, depth: number): void => {
    if (texts.length >= mostTexts || depth > deepest) {
      complete = false;
      return;
    }
    if (typeof value === 'string') texts.push({ at, text: value, isName: false });
    if (typeof value !== 'object' || value === null) return;
    for (const [key, item] of Object.entries(value)) {
      const place = `${at}/${escapePointer(key)}`;
      if (!Array.isArray(value) && !prescribed.has(key)) texts.push({ at: place, text: key, isName: true });
      visit(item, place, depth + 1);
    }
  };
  visit(tool, '', 0);
  return { texts, complete };
}

/** RFC 6901 section 3. */
export const escapePointer = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

/** Members that MCP and JSON Schema name; a parameter that is called so is no less itself. */
const prescribed: ReadonlySet<string> = new Set(
  (
    'name title description inputSchema outputSchema annotations icons _meta execution taskSupport readOnlyHint ' +
    'destructiveHint idempotentHint openWorldHint type properties required items enum const default examples ' +
    'additionalProperties patternProperties propertyNames anyOf oneOf allOf not if then else $ref $defs definitions ' +
    '$schema $id $comment $anchor pattern format minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength ' +
    'maxLength minItems maxItems uniqueItems minProperties maxProperties prefixItems contains minContains maxContains ' +
    'dependentRequired dependentSchemas unevaluatedProperties unevaluatedItems readOnly writeOnly deprecated nullable ' +
    'src mimeType sizes theme'
  ).split(' '),
);
