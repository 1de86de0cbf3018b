export const languages = [
  { id: 'typescript', name: 'TypeScript', file: 'first-call.ts' },
  { id: 'python', name: 'Python', file: 'first_call.py' },
  { id: 'curl', name: 'curl', file: 'In a terminal' },
] as const;

/** Where an SDK is pointed: the runtime's address with the version of OpenAI's protocol. */
export const sdkBaseUrl = (url: string): string => `${url.replace(/\/+$/, '').replace(/\/v1$/, '')}/v1`;

/** The snippets read the key from the environment, so that pasting one into a file puts no secret there. */
export const keyVariable = 'SALLYPORT_KEY';

/** A first call that runs as it stands once the key is in the environment. */
export function snippet(language: (typeof languages)[number]['id'], baseUrl: string, model: string): string {
  switch (language) {
    default:
    case 'typescript':
      return `import OpenAI from 'openai';

const client = new OpenAI({
  baseURL: '${baseUrl}',
  apiKey: process.env.${keyVariable},
});

const answer = await client.chat.completions.create({
  model: '${model}',
  messages: [{ role: 'user', content: 'Hello' }],
});
console.log(answer.choices[0].message.content);`;
    case 'python':
      return `import os
from openai import OpenAI

client = OpenAI(
    base_url="${baseUrl}",
    api_key=os.environ["${keyVariable}"],
)

answer = client.chat.completions.create(
    model="${model}",
    messages=[{"role": "user", "content": "Hello"}],
)
print(answer.choices[0].message.content)`;
    case 'curl':
      return `curl ${baseUrl}/chat/completions \\
  -H "authorization: Bearer $${keyVariable}" \\
  -H "content-type: application/json" \\
  -d '{
    "model": "${model}",
    "messages": [{"role": "user", "content": "Hello"}]
  }'`;
  }
}
