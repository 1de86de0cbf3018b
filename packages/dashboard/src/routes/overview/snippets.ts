export const languages = [
  { id: 'typescript', name: 'TypeScript', file: 'first-call.ts' },
  { id: 'python', name: 'Python', file: 'first_call.py' },
  { id: 'curl', name: 'curl', file: 'In a terminal' },
] as const;

export interface CallFacts {
  readonly baseUrl: string;
  readonly model: string;
  readonly key: string | undefined;
}

/** A first call that runs as it stands once a key is filled in. */
export function snippet(language: (typeof languages)[number]['id'], facts: CallFacts): string {
  const [baseUrl, model, key] = [facts.baseUrl, facts.model, facts.key ?? 'your-key'].map((text) =>
    JSON.stringify(text),
  );
  switch (language) {
    case 'typescript':
      return `import OpenAI from 'openai';

const client = new OpenAI({
  baseURL: ${baseUrl},
  apiKey: ${key},
});

const answer = await client.chat.completions.create({
  model: ${model},
  messages: [{ role: 'user', content: 'Hello' }],
});
console.log(answer.choices[0].message.content);`;
    case 'python':
      return `from openai import OpenAI

client = OpenAI(
    base_url=${baseUrl},
    api_key=${key},
)

answer = client.chat.completions.create(
    model=${model},
    messages=[{"role": "user", "content": "Hello"}],
)
print(answer.choices[0].message.content)`;
    case 'curl':
      return `curl ${facts.baseUrl}/chat/completions \\
  -H ${JSON.stringify(`Authorization: Bearer ${facts.key ?? 'your-key'}`)} \\
  -H "Content-Type: application/json" \\
  -d '{"model": ${model}, "messages": [{"role": "user", "content": "Hello"}]}'`;
  }
}
