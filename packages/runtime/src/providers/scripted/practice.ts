import type { Script, ScriptedRequest, Step } from './script.ts';

export const practiceModel = 'practice-1';

const label = '[scripted answer, no AI]';
const introduction =
  `${label} This is Sallyport's scripted practice model. It cannot think: it shows that your agent reaches the ` +
  'checkpoint. To use a real model, set OPENAI_API_KEY (or add a provider under `providers:` in sallyport.yaml), ' +
  'start again, and name one of its models.';

/**
 * The model that answers while no provider is configured. Asked to `call <tool> with {…}`, it proposes that call if the
 * tool was offered (several calls if several were asked for), so that people can watch their own rules allow and deny.
 */
export const practice: Script = (request) => {
  const last = request.messages.at(-1);
  if (last?.role === 'tool') return { text: `${label} The tool answered: ${last.text}` };
  if (last?.role !== 'user') return { text: introduction };
  return proposal(request, last.text) ?? { text: introduction + offered(request) };
};

function proposal({ tools }: ScriptedRequest, text: string): Step | undefined {
  const toolCalls = [];
  for (const asked of text.matchAll(/\bcall\s+(?:the\s+)?(?:tool\s+)?([\w.-]{1,128})(?:\s+with\s+(?=\{))?/gi)) {
    const name = asked[1];
    if (name === undefined || !tools.some((tool) => tool.name === name)) continue;
    const given = firstObject(text.slice(asked.index + asked[0].length)) ?? '{}';
    if (!isJson(given)) return { text: `${label} These arguments are not JSON: ${given}` };
    toolCalls.push({ name, arguments: given });
  }
  return toolCalls.length > 0 ? { text: `${label} Proposing what you asked for.`, toolCalls } : undefined;
}

function offered({ tools }: ScriptedRequest): string {
  if (tools.length === 0) return '';
  const names = tools.map(({ name }) => name).join(', ');
  return ` To try your rules, write: call ${tools[0]?.name} with {"key": "value"}. Tools offered: ${names}.`;
}

/** The text from a leading `{` to the brace that closes it; all of it where none does. */
function firstObject(text: string): string | undefined {
  if (!text.startsWith('{')) return undefined;
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (quoted && character === '\\') i++;
    else if (character === '"') quoted = !quoted;
    else if (!quoted && character === '{') depth++;
    else if (!quoted && character === '}' && --depth === 0) return text.slice(0, i + 1);
  }
  return text;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
