import type { PinFindingCode, PinState, PinView, UpstreamView } from '@sallyport/core/admin';
import type { Tone } from '../../components/Mark.tsx';

interface Look {
  readonly tone: Tone;
  readonly word: string;
}

export const pinLooks: Readonly<Record<PinState, Look & { readonly means: string }>> = {
  pinned: { tone: 'allow', word: 'Approved', means: 'This is the definition that agents are offered, and may call.' },
  new: {
    tone: 'hold',
    word: 'New',
    means: 'Nobody has reviewed it. Until someone approves it, no agent sees it and none can call it.',
  },
  changed: {
    tone: 'hold',
    word: 'Changed',
    means: 'It is not what was approved. No agent sees it and none can call it until someone approves what it is now.',
  },
  suspicious: {
    tone: 'deny',
    word: 'Suspicious',
    means: 'Something was found in it. No agent sees it and none can call it unless someone approves it regardless.',
  },
  rejected: {
    tone: 'quiet',
    word: 'Rejected',
    means: 'A person refused exactly this. No agent sees it or can call it.',
  },
};

/** Short names; the table of the core says each in full. */
export const findingNames: Readonly<Record<PinFindingCode, string>> = {
  instructions: 'Speaks to the model',
  invisible: 'Invisible characters',
  shadows: 'Speaks of another tool',
  lookalike: 'Looks like another tool',
  exfiltration: 'Asks for what it does not need',
  oversized: 'Far too long',
};

export const upstreamLooks: Readonly<Record<UpstreamView['state'], Look>> = {
  idle: { tone: 'quiet', word: 'Not needed yet' },
  ready: { tone: 'allow', word: 'Connected' },
  restarting: { tone: 'hold', word: 'Restarting' },
  failed: { tone: 'deny', word: 'Failing' },
  refused: { tone: 'deny', word: 'Refused' },
};

export const kindNames: Readonly<Record<UpstreamView['kind'], string>> = {
  mcp: 'MCP server',
  stdio: 'MCP server, a program',
  openapi: 'HTTP API, OpenAPI',
  endpoints: 'HTTP API, listed endpoints',
};

const waitingStates = ['new', 'changed', 'suspicious'] as const satisfies PinState[];

/** Whether someone has to say something of it. */
export const waits = ({ state }: PinView): boolean => waitingStates.some((one) => one === state);

export const waitingOf = ({ pins }: UpstreamView): number => waitingStates.reduce((sum, state) => sum + pins[state], 0);

/** Its place in the address; two upstreams may offer the same definition. */
export const keyOf = ({ upstream, tool, hash }: PinView): string => `${upstream}/${hash ?? tool}`.slice(0, 200);

export interface Parted {
  readonly head: string;
  readonly middle: string;
  readonly tail: string;
}

/** What two texts share at both ends, and what is between: surrogate pairs are not cut. */
export function part(before: string, after: string): { readonly before: Parted; readonly after: Parted } {
  const old = Array.from(before);
  const fresh = Array.from(after);
  const shortest = Math.min(old.length, fresh.length);
  let head = 0;
  while (head < shortest && old[head] === fresh[head]) head++;
  let tail = 0;
  while (tail < shortest - head && old.at(-1 - tail) === fresh.at(-1 - tail)) tail++;
  const parted = (text: readonly string[]): Parted => ({
    head: text.slice(0, head).join(''),
    middle: text.slice(head, text.length - tail).join(''),
    tail: text.slice(text.length - tail).join(''),
  });
  return { before: parted(old), after: parted(fresh) };
}
