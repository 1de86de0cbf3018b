import type { Config, CredentialConfig } from '@sallyport/core';
import type { Check, CheckContext, Finding } from './check.ts';
import { access, constants } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fail, needsConfig, ok, validConfig, warn } from './check.ts';

/** Which of the tools' credentials cannot be read. A running runtime reads each; without one, only what lies on this machine. */
export const credentials: Check = {
  name: 'Credentials',
  async run(context) {
    const config = validConfig(context);
    if (!config) return needsConfig;
    const names = Object.keys(config.credentials);
    if (names.length === 0) return ok('None is configured.');
    const told = await context.runtimeFinding?.(credentials.name);
    if (told) return told;
    const idle = unusedOf(config);
    if (context.credentialProblems) return found(names.length, await context.credentialProblems(), idle);
    const problems = await Promise.all(
      Object.entries(config.credentials).map(async ([name, { source }]) => {
        const problem = await problemWith(source, context);
        return problem === undefined ? [] : [{ name, problem }];
      }),
    );
    const elsewhere = Object.values(config.credentials).filter(({ source }) => !('env' in source || 'file' in source));
    if (problems.flat().length > 0 || elsewhere.length === 0) return found(names.length, problems.flat(), idle);
    return warn(
      `${elsewhere.length} of ${names.length} lie in the store or in a secret store, and were not asked for.`,
      'Run `sallyport doctor` while the runtime runs.',
    );
  },
};

function found(
  count: number,
  problems: readonly { readonly name: string; readonly problem: string }[],
  idle: readonly string[],
): Finding {
  if (problems.length > 0) {
    const [first] = problems;
    const why = [`${problems.length} of ${count} cannot be read:`, ...problems.map(({ problem }) => problem)].join(
      '\n',
    );
    return fail(why, `Correct credentials.${first?.name}.source, or what it names.`);
  }
  if (idle.length > 0) {
    return warn(`Attached to nothing: ${idle.join(', ')}.`, 'Name it by upstreams.<name>.credential, or remove it.');
  }
  return ok(`All ${count} can be read.`);
}

async function problemWith(source: CredentialConfig['source'], context: CheckContext): Promise<string | undefined> {
  if ('env' in source) {
    const { env } = context;
    return !env || env[source.env] ? undefined : `The environment variable ${source.env} is not set.`;
  }
  if (!('file' in source)) return undefined;
  const file = resolve(context.configPath === undefined ? '.' : dirname(context.configPath), source.file);
  return await access(file, constants.R_OK).then(
    () => undefined,
    () => `The file ${file} cannot be read.`,
  );
}

/** Credentials that no upstream names. */
function unusedOf({ credentials: configured, upstreams }: Config): readonly string[] {
  const named = new Set(
    Object.values(upstreams).flatMap((upstream) => {
      if (upstream.kind !== 'stdio') return upstream.credential ?? [];
      return Object.values(upstream.env).flatMap((value) => (typeof value === 'string' ? [] : value.credential));
    }),
  );
  return Object.keys(configured).filter((name) => !named.has(name));
}
