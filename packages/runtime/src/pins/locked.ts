import type { PackagePin } from '@sallyport/core';
import type { AcceptedTool, Lock, LockedTool, LockedUpstream } from './lock-shape.ts';

/* Questions to a lock, and changes of it; a change leaves the lock as it is and makes another. */

const nothing: LockedTool = { rejected: [] };
const mostRejected = 16;

export function lockedTool({ upstreams }: Lock, upstream: string, tool: string): LockedTool {
  const tools = upstreams.get(upstream)?.tools;
  // The name is the upstream's: `constructor` is no tool that anybody reviewed.
  return tools && Object.hasOwn(tools, tool) ? (tools[tool] ?? nothing) : nothing;
}

/** Accepted tools of all upstreams but one. */
export const acceptedBeside = (
  { upstreams }: Lock,
  upstream: string,
): readonly { readonly upstream: string; readonly name: string }[] =>
  [...upstreams].flatMap(([other, { tools }]) =>
    other === upstream
      ? []
      : Object.entries(tools).flatMap(([name, { accepted }]) => (accepted ? [{ upstream: other, name }] : [])),
  );

export const withAccepted = (lock: Lock, upstream: string, tool: string, accepted: AcceptedTool): Lock =>
  withTool(lock, upstream, tool, ({ rejected }) => ({
    accepted,
    rejected: rejected.filter(({ hash }) => hash !== accepted.hash),
  }));

export const withRejected = (
  lock: Lock,
  upstream: string,
  tool: string,
  review: LockedTool['rejected'][number],
): Lock =>
  withTool(lock, upstream, tool, ({ accepted, rejected }) => ({
    ...(accepted && accepted.hash !== review.hash && { accepted }),
    rejected: [...rejected.filter(({ hash }) => hash !== review.hash), review].slice(-mostRejected),
  }));

export const withPackage = (lock: Lock, upstream: string, pin: PackagePin): Lock =>
  withUpstream(lock, upstream, (locked) => ({ ...locked, package: pin }));

/** The name under which a tool is listed without its prefix: who was pinned first has it. */
export function freeName({ upstreams }: Lock, upstream: string, tool: string): string | undefined {
  for (const [other, { tools }] of upstreams) {
    for (const [name, { accepted }] of Object.entries(tools)) {
      if (accepted?.listedAs === tool && !(other === upstream && name === tool)) return undefined;
    }
  }
  return tool;
}

const withTool = (lock: Lock, upstream: string, tool: string, change: (tool: LockedTool) => LockedTool): Lock =>
  withUpstream(lock, upstream, (locked) => ({
    ...locked,
    tools: { ...locked.tools, [tool]: change(lockedTool(lock, upstream, tool)) },
  }));

const withUpstream = ({ upstreams }: Lock, name: string, change: (locked: LockedUpstream) => LockedUpstream): Lock => ({
  upstreams: new Map(upstreams).set(name, change(upstreams.get(name) ?? { tools: {} })),
});
