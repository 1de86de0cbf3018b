import { runCli } from './cli/index.ts';

const interruption = new AbortController();
const interrupt = (): void => {
  // The first one asks to stop and lets requests under way finish; the second does not ask.
  if (interruption.signal.aborted) process.exit(130);
  interruption.abort();
};
process.on('SIGINT', interrupt);
process.on('SIGTERM', interrupt);
// `sallyport tail | head` closes the pipe: that is an end, not a fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const code = await runCli({
  argv: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  interactive: process.stdin.isTTY && process.stdout.isTTY,
  interrupted: interruption.signal,
});
process.exit(code);
