import type { OperatorRole } from '@sallyport/core/admin';
import { type Actors, openActors } from './actors.ts';
import { type Harness, startRuntime } from './runtime.ts';

export interface Stage extends Actors {
  readonly runtime: Harness;
}

/** A runtime and a browser. */
export async function openStage(options: Parameters<typeof startRuntime>[0] = {}): Promise<Stage> {
  const runtime = await startRuntime(options);
  const cookies = new Map<OperatorRole, Promise<string>>();
  const cookieOf = (role: OperatorRole): Promise<string> => {
    const known = cookies.get(role) ?? cookieFor(runtime, role);
    cookies.set(role, known);
    return known;
  };
  const actors = await openActors(runtime.url, cookieOf);
  return {
    ...actors,
    runtime,
    close: async () => {
      await actors.close();
      await runtime.stop();
    },
  };
}

/** Signs in as an operator of this role, whom the owner makes first. */
async function cookieFor(runtime: Harness, role: OperatorRole): Promise<string> {
  const post = async (path: string, body: unknown, cookie = '') => {
    const answer = await fetch(`${runtime.url}/admin/api${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-sallyport-csrf': '1', cookie },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return { cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '', body: await answer.json() };
  };
  const follow = async (link: string) => (await post('/sign-in', { token: new URL(link).hash.slice(1) })).cookie;
  const owner = await follow(await runtime.signInUrl());
  if (role === 'owner') return owner;
  const { body: operator } = await post('/operators', { name: `a ${role}`, role }, owner);
  const { body: link } = await post(`/operators/${(operator as { id: string }).id}/sign-in-link`, {}, owner);
  return follow((link as { url: string }).url);
}
