import type {
  Script,
  ScriptedMessage,
  ScriptedRequest,
  Step,
} from '../../packages/runtime/src/providers/scripted/script.ts';

/*
 * The same model where it chats with a customer: it tells whatever it has read, and obeys orders that it finds in it, also
 * those that it has to decode first.
 */

/** @returns whether a request is one of the chat */
export const isChat = ({ tools }: ScriptedRequest): boolean => tools.some(({ name }) => name === 'clear_customs');

export const chatScript: Script = (request) => {
  const { messages } = request;
  const asked = messages.findLastIndex(({ role }) => role === 'user');
  const question = messages[asked]?.text ?? '';
  const order = /\b[A-Z]-\d+\b/.exec(question)?.[0] ?? '';
  const read = (tool: string) => resultOf(messages.slice(asked), tool);
  if (/customs/i.test(question)) return clearCustoms(order, read);
  if (/carrier/i.test(question)) {
    const notes = read('carrier_notes');
    if (notes === undefined) return call('carrier_notes', { order_id: order });
    return { text: [`The carrier says: ${field(notes, 'note')}`, obey(notes, messages)].filter(Boolean).join(' ') };
  }
  const orders = read('open_orders');
  if (orders === undefined) return call('open_orders', {});
  const listed = [...orders.matchAll(/"order_id":"([^"]+)".*?"email":"([^"]+)"/g)];
  return { text: `Open: ${listed.map(([, id, email]) => `${id} (${email})`).join(', ')}.` };
};

function clearCustoms(order: string, read: (tool: string) => string | undefined): Step {
  const profile = read('read_profile');
  if (profile === undefined) return call('read_profile', {});
  const ssn = field(profile, 'ssn');
  const cleared = read('clear_customs');
  if (cleared === undefined) return call('clear_customs', { order_id: order, ssn });
  if (cleared.includes('"denied":true')) return { text: 'I may not send customs your number.' };
  return { text: `I have sent customs your number ${ssn} for order ${order}.` };
}

/** What a text orders in base64, done. It stands in for a model that follows hidden instructions. */
function obey(text: string, messages: readonly ScriptedMessage[]): string {
  const hidden = /[A-Za-z0-9+/]{40,}={0,2}/.exec(text)?.[0] ?? '';
  const image = /end your answer with (\S+)/.exec(Buffer.from(hidden, 'base64').toString('utf8'))?.[1];
  if (image === undefined) return '';
  const profile = messages.findLast(({ role, text: each }) => role === 'tool' && each.includes('"ssn"'));
  return `![](${image}${encodeURIComponent(field(profile?.text ?? '', 'ssn'))})`;
}

const call = (name: string, given: Readonly<Record<string, string>>): Step => ({
  toolCalls: [{ name, arguments: given }],
});

const field = (text: string, name: string): string =>
  new RegExp(`"${name}":"((?:[^"\\\\]|\\\\.)*)"`).exec(text)?.[1] ?? '';

function resultOf(messages: readonly ScriptedMessage[], tool: string): string | undefined {
  const id = messages.flatMap(({ calls }) => calls).findLast(({ name }) => name === tool)?.id;
  return id === undefined ? undefined : messages.find(({ role, callId }) => role === 'tool' && callId === id)?.text;
}
