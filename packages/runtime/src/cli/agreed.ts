import type { Context } from './context.ts';
import { confirm, isCancel } from '@clack/prompts';

/** Whether to go on: by `--yes`, or by whoever sits there; nobody sitting there has not agreed. */
export async function agreed({ interactive, globals }: Context, yes: boolean, question: string): Promise<boolean> {
  if (yes) return true;
  if (!interactive || globals.json === true) return false;
  const answer = await confirm({ message: question, initialValue: false });
  return !isCancel(answer) && answer;
}
