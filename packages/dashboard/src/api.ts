import type {
  AdminAnswer,
  AdminInput,
  AdminRoute,
  AdminRouteName,
  Me,
  Problem,
  SignInWays,
} from '@sallyport/core/admin';
import { adminRoutes, meSchema, problemSchema, signInWaysSchema } from '@sallyport/core/admin';

/** The runtime answered, and refused. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail ?? problem.title);
    this.problem = problem;
  }
}

/** No answer, or none that can be read. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

export const isSignedOut = (error: unknown): boolean => error instanceof Refused && error.problem.status === 401;
export const isNotFound = (error: unknown): boolean => error instanceof Refused && error.problem.status === 404;
export const isConflict = (error: unknown): boolean => error instanceof Refused && error.problem.status === 409;

/** Routes without input take no second argument; routes whose input is all optional may leave it out. */
export type CallArguments<N extends AdminRouteName> =
  unknown extends AdminInput<N>
    ? []
    : AdminInput<N> extends { params: unknown } | { body: unknown }
      ? [input: AdminInput<N>]
      : [input?: AdminInput<N>];

interface AnyInput {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
}

/**
 * Asks the runtime. Throws `Refused` with its problem document, or `Unreachable`.
 *
 * @example await call('sessions.list', { query: { state: 'open' } })
 */
export async function call<N extends AdminRouteName>(name: N, ...args: CallArguments<N>): Promise<AdminAnswer<N>> {
  const route: AdminRoute = adminRoutes[name];
  const { params = {}, query = {}, body } = (args[0] ?? {}) as AnyInput;
  const path = route.path.replaceAll(/:(\w+)/g, (_, key: string) => encodeURIComponent(params[key] ?? ''));
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, String(value));
  const answer = await send(route.method, search.size > 0 ? `${path}?${search}` : path, body);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the row that gave the schema gives the type
  return readAs(route.answer, answer) as AdminAnswer<N>;
}

export const getMe = async (): Promise<Me> => readAs(meSchema, await send('GET', '/me'));
export const signIn = async (token: string): Promise<Me> => readAs(meSchema, await send('POST', '/sign-in', { token }));
export const getSignInWays = async (): Promise<SignInWays> => readAs(signInWaysSchema, await send('GET', '/sign-in'));
export const signOut = async (): Promise<void> => {
  await send('POST', '/sign-out');
};

export const livePath = '/admin/api/live';

/** Where the browser goes to sign in at the provider, and from there on to a place of this page. */
export const providerPath = (to: string): string => `/admin/oidc/sign-in?to=${encodeURIComponent(to)}`;

async function send(method: AdminRoute['method'], path: string, body?: unknown): Promise<unknown> {
  const headers: Record<string, string> = { accept: 'application/json' };
  // A form or link on another site cannot set this header, so it cannot act with the operator's cookie.
  if (method !== 'GET') headers['x-sallyport-csrf'] = '1';
  if (body !== undefined) headers['content-type'] = 'application/json';
  const response = await fetch(`/admin/api${path}`, {
    method,
    headers,
    credentials: 'same-origin',
    redirect: 'error',
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new Unreachable('The runtime does not answer. Is it still running?');
  });
  const answer: unknown = response.status === 204 ? undefined : await response.json().catch(() => undefined);
  if (response.ok) return answer;
  const problem = problemSchema.safeParse(answer);
  if (problem.success) throw new Refused(problem.data);
  throw new Unreachable(`The runtime answered ${response.status} without saying why.`);
}

interface Schema<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false; error: { message: string } };
}

function readAs<T>(schema: Schema<T>, value: unknown): T {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  throw new Unreachable('The runtime’s answer does not fit this page: one of them is newer. Reload the page.');
}
