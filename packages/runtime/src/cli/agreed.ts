import type { Context } from './context.ts';
import { confirm, isCancel } from '@clack/prompts';
import { CommandFailure, exitCodes } from './exit.ts';

/** Whether to go on: by `--yes`, or by whoever sits there; nobody sitting there has not agreed. */
export async function agreed({ interactive, globals }: Context, yes: boolean, question: string): Promise<boolean> {
  if (yes) return true;
  if (!interactive || globals.json === true) return false;
  const answer = await confirm({ message: question, initialValue: false });
  if (isCancel(answer)) throw new CommandFailure(exitCodes.interrupted, 'Interrupted; nothing was written.');
  return answer;
}
