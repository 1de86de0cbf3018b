export const languages = [
  { id: 'typescript', name: 'TypeScript', file: 'first-call.ts' },
  { id: 'python', name: 'Python', file: 'first_call.py' },
  { id: 'curl', name: 'curl', file: 'In a terminal' },
  { id: 'mcp', name: 'MCP', file: 'In the settings of your MCP client' },
] as const;

/** Where an SDK is pointed: the runtime's address with the version of OpenAI's protocol. */
export const sdkBaseUrl = (url: string): string => `${url.replace(/\/+$/, '').replace(/\/v1$/, '')}/v1`;

/** Where MCP clients find the tools of all upstreams. */
export const mcpUrl = (url: string): string => `${url.replace(/\/+$/, '')}/mcp`;

/** The snippets read the key from the environment, so that pasting one into a file puts no secret there. */
export const keyVariable = 'SALLYPORT_KEY';

/** A first call that runs as it stands once the key is in the environment; for MCP, what a client is told. */
export function snippet(language: (typeof languages)[number]['id'], url: string, model: string): string {
  const baseUrl = sdkBaseUrl(url);
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
    case 'mcp':
      return `{
  "mcpServers": {
    "sallyport": {
      "type": "http",
      "url": "${mcpUrl(url)}",
      "headers": { "Authorization": "Bearer <agent key>" }
    }
  }
}`;
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
