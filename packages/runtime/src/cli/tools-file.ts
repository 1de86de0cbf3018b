import type { ToolDefinition } from '@sallyport/core';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';
import { CommandFailure, exitCodes } from './exit.ts';

const definition = z.object({
  name: z.string().min(1).max(200),
  description: z.string().optional(),
  parameters: z.record(z.string(), z.json()).optional(),
});
const toolsFileSchema = z.array(z.union([z.object({ function: definition }), definition]));

/** Tool definitions, as the `tools` of a chat completion or each without its envelope. */
export async function readToolsFile(named: string, cwd: string): Promise<ToolDefinition[]> {
  const path = resolve(cwd, named);
  const problem = (message: string, cause: unknown) =>
    new CommandFailure(
      exitCodes.usage,
      `${path}: ${message}`,
      'Give a JSON array as in the `tools` of a request.',
      cause,
    );
  let read: unknown;
  try {
    read = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw problem('cannot be read as JSON.', cause);
  }
  const parsed = toolsFileSchema.safeParse(read);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw problem(`${issue?.path.join('.') || 'the file'}: ${issue?.message}`, parsed.error);
  }
  return parsed.data.map((tool) => {
    const { name, description, parameters } = 'function' in tool ? tool.function : tool;
    return {
      name,
      ...(description === undefined ? {} : { description }),
      ...(parameters ? { parameters } : {}),
    };
  });
}
