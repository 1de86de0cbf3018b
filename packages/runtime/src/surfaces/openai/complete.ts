import type { ServerResponse } from 'node:http';
import { asFault } from '@sallyport/core';
import type { Cleared, ModelRequest } from '@sallyport/core';
import {
  collect,
  isUntouched,
  readCompletion,
  rewriteCompletion,
  type Completion,
  type WholeAnswer,
} from './answer.ts';
import { passError, type Passed } from './upstream-errors.ts';
import type { ChatTurn, JudgedChoice } from './turn.ts';
import type { WaitingClient } from './held.ts';

/** Runs a turn whose answer comes in one piece. */
export async function completeChat(
  turn: ChatTurn,
  first: Cleared<ModelRequest>,
  client: ServerResponse,
): Promise<Passed> {
  const waiting = waitingClient(client);
  let cleared = first;
  let standing: Standing | undefined;
  for (let asks = 1; ; asks++) {
    const answer = await ask(turn, cleared, client);
    if (answer.status !== 200) {
      await turn.complete(cleared, { outcome: 'error', error: String(answer.status) });
      // An answer with its explanation is better than an error about a question that the client never asked.
      return standing ? pass(turn, standing, asks) : passError(answer);
    }
    const completion = await read(turn, cleared, answer);
    const judged = await turn.judge(cleared, completion.choices, completion.usage, waiting);
    const again = await askAgain(turn, completion, judged);
    standing = { answer, completion, judged };
    if (!again) return pass(turn, standing, asks);
    cleared = again;
  }
}

/** Nothing can be sent before the whole answer: whoever waits for it must be patient. */
function waitingClient(client: ServerResponse): WaitingClient {
  const gone = new AbortController();
  const over = () => gone.abort();
  if (client.destroyed) over();
  else client.once('close', over);
  return { signal: gone.signal, keepAlive: () => () => undefined };
}

async function ask(turn: ChatTurn, cleared: Cleared<ModelRequest>, client: ServerResponse): Promise<WholeAnswer> {
  try {
    return await collect(turn.providers, cleared, client);
  } catch (error) {
    if (client.destroyed) await turn.complete(cleared, { outcome: 'aborted' });
    else await turn.complete(cleared, { outcome: 'error', error: asFault(error).code });
    throw error;
  }
}

async function read(turn: ChatTurn, cleared: Cleared<ModelRequest>, answer: WholeAnswer): Promise<Completion> {
  try {
    return readCompletion(answer.bytes, turn.maxJsonDepth);
  } catch (error) {
    await turn.complete(cleared, { outcome: 'error', error: asFault(error).code });
    throw error;
  }
}

async function askAgain(turn: ChatTurn, { choices }: Completion, judged: readonly JudgedChoice[]) {
  const [choice] = choices;
  const [first] = judged;
  return choice && first && choices.length === 1 ? turn.askAgain(choice, first) : undefined;
}

interface Standing {
  readonly answer: WholeAnswer;
  readonly completion: Completion;
  readonly judged: readonly JudgedChoice[];
}

function pass(turn: ChatTurn, { answer, completion, judged }: Standing, asks: number): Passed {
  const untouched =
    asks === 1 &&
    completion.isWhole &&
    completion.choices.every((choice, place) => isUntouched(choice, judged[place] as JudgedChoice));
  const body = untouched
    ? answer.bytes
    : Buffer.from(JSON.stringify(rewriteCompletion(completion, judged, turn.usage)));
  return { status: 200, headers: answer.headers, body };
}
