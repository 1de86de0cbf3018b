export interface SessionRequest {
  /** Of the OpenAI-compatible API, with `/v1`. */
  readonly baseUrl: string;
  /** Stays with the back end; the agent never holds it. */
  readonly agentKey: string;
  readonly user: string;
  readonly purpose: string;
}

/** What the shop's back end does before it lets the agent run: it says for whom and what for, and gets a token for just that. */
export async function openSession({ baseUrl, agentKey, user, purpose }: SessionRequest): Promise<string> {
  const answer = await fetch(`${baseUrl}/sessions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${agentKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ user, purpose }),
  });
  if (!answer.ok) throw new Error(`No session: ${answer.status} ${await answer.text()}`);
  const { token } = (await answer.json()) as { token: string };
  return token;
}
