import type { Command } from 'commander';
import type { AdminClient } from '../client.ts';
import type { CheckContext, Finding } from '../checks/index.ts';
import type { Context, Runner } from '../context.ts';
import { doctorSchema } from '@sallyport/core/admin';
import { z } from 'zod';
import { asFailure, exitCodes } from '../exit.ts';
import { connect } from '../client.ts';
import { dashboardDir } from '../places.ts';
import { findDataDir, loadConfig } from '../config.ts';
import { paint, safe } from '../output.ts';
import { runChecks } from '../checks/index.ts';

export function addDoctor(program: Command, run: Runner): void {
  program
    .command('doctor')
    .description('Check this machine, the configuration and the providers')
    .action(run(z.object({}), doctor));
}

const marks = { ok: ['✓', 'green'], warn: ['!', 'yellow'], fail: ['✗', 'red'] } as const;

async function doctor(context: Context) {
  const { output } = context;
  const { checks } = await runChecks(await whatToCheck(context));
  output.data(doctorSchema, { checks });
  for (const { name, status, why, fix } of checks) {
    const [mark, style] = marks[status];
    const [first = '', ...rest] = why.split('\n');
    output.line(safe`${paint(style, mark)} ${paint('bold', name)}  ${first}`);
    for (const line of rest) output.line(safe`    ${line}`);
    if (fix !== undefined) output.line(safe`  ${paint('dim', `→ ${fix}`)}`);
  }
  return checks.some(({ status }) => status === 'fail') ? exitCodes.fault : exitCodes.ok;
}

async function whatToCheck(context: Context): Promise<CheckContext> {
  const dataDir = await findDataDir(context);
  const admin = await runningOn(dataDir);
  const common = {
    nodeVersion: process.versions.node,
    dashboardDir,
    env: context.env,
    ownPort: admin && Number(new URL(admin.url).port),
    ...(admin && { runtimeFinding: (check: string) => runtimeFinding(admin, check) }),
  };
  try {
    // The practice model only listens while a runtime runs, so without one there is no provider to reach.
    const { config, configPath, policyDir } = await loadConfig(context, undefined);
    return { ...common, dataDir, config, configPath, policyDir };
  } catch (error) {
    return {
      ...common,
      dataDir,
      config: { problem: asFailure(error).message },
      configPath: context.globals.config,
      policyDir: undefined,
    };
  }
}

async function runningOn(dataDir: string): Promise<AdminClient | undefined> {
  try {
    const admin = await connect(dataDir);
    await admin.me();
    return admin;
  } catch {
    return undefined;
  }
}

async function runtimeFinding(admin: AdminClient, check: string): Promise<Finding | undefined> {
  const { checks } = await admin.call('settings.doctor', {});
  const found = checks.find(({ name }) => name === check);
  if (!found) return undefined;
  const { status, why, fix } = found;
  return { status, why, ...(fix !== undefined && { fix }) };
}
