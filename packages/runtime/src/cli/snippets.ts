/** Ready to paste: how to point an agent at the checkpoint. Nothing but base URL and key differs from before. */
export interface SnippetValues {
  readonly baseUrl: string;
  readonly model: string;
}

/** The snippets read the key from the environment, so that pasting one into a file puts no secret there. */
export const keyVariable = 'SALLYPORT_KEY';

export const snippets = ({ baseUrl, model }: SnippetValues): readonly { title: string; lines: readonly string[] }[] => [
  {
    title: 'TypeScript (openai)',
    lines: [
      `const client = new OpenAI({ baseURL: '${baseUrl}', apiKey: process.env.${keyVariable} });`,
      `await client.chat.completions.create({ model: '${model}', messages: [{ role: 'user', content: 'Hello' }] });`,
    ],
  },
  {
    title: 'Python (openai)',
    lines: [
      `client = OpenAI(base_url="${baseUrl}", api_key=os.environ["${keyVariable}"])`,
      `client.chat.completions.create(model="${model}", messages=[{"role": "user", "content": "Hello"}])`,
    ],
  },
  {
    title: 'curl',
    lines: [
      `curl ${baseUrl}/chat/completions -H "authorization: Bearer $${keyVariable}" -H 'content-type: application/json' \\`,
      `  -d '{"model":"${model}","messages":[{"role":"user","content":"Hello"}]}'`,
    ],
  },
];
