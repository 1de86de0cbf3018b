/** What is sent and answered while tool gateways are measured: one realistic call of 0.3 kB, one result of 1.6 kB. */

export const eras = ['2026-07-28', '2025-11-25'] as const;
export type Era = (typeof eras)[number];
export interface BenchServer {
  readonly name: string;
  readonly path: string;
  readonly lookUp: string;
  /** Reports its progress, step by step. */
  readonly watch: string;
  /** Forbidden by the policies: for making sure that they are asked at all. */
  readonly forbidden: string;
  readonly report: string;
}

/** Each revision has an upstream of its own. Tools that share a name with another's would be held back as suspicious. */
export const servers: Readonly<Record<Era, BenchServer>> = {
  '2026-07-28': {
    name: 'orders',
    path: '/modern',
    lookUp: 'lookup_order',
    watch: 'watch_order',
    forbidden: 'drop_tables',
    report: 'read_report',
  },
  '2025-11-25': {
    name: 'parcels',
    path: '/legacy',
    lookUp: 'find_parcel',
    watch: 'follow_parcel',
    forbidden: 'erase_history',
    report: 'open_ledger',
  },
};

export const steps = 100;
export const stepMs = 1;

const orderArguments = {
  type: 'object',
  properties: { order_id: { type: 'string', description: 'As printed on the invoice, such as A-7731' } },
  required: ['order_id'],
  additionalProperties: false,
};
const plain = (name: string, description: string, readOnlyHint: boolean) => ({
  name,
  description,
  inputSchema: orderArguments,
  annotations: { readOnlyHint },
});
export function toolsOf({ lookUp, watch, forbidden, report }: BenchServer): object[] {
  return [
    plain(lookUp, 'Look up one order by its number, with its status and tracking number', true),
    plain(watch, 'Follow one order until it arrives', true),
    plain(forbidden, 'Remove everything', false),
    ...Array.from({ length: 12 }, (_, i) => plain(`${report}_${i}`, `Read the figures of month ${i + 1}`, true)),
  ];
}

const meta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1.0.0' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** A request of a client of the era, with its headers. */
export function request(era: Era, method: string, params: object, id: number): Sent {
  const modern = era === '2026-07-28';
  const { name } = params as { name?: string };
  const token = name?.endsWith(servers[era].watch) ? { progressToken: id } : {};
  return {
    body: JSON.stringify({
      jsonrpc: '2.0',
      id,
      method,
      params: { ...params, _meta: modern ? { ...meta, ...token } : token },
    }),
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(method === 'initialize' ? {} : { 'mcp-protocol-version': era }),
      ...(modern ? { 'mcp-method': method, ...(typeof name === 'string' ? { 'mcp-name': name } : {}) } : {}),
    },
  };
}

export interface Sent {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

export const orderOf = (n: number): string => `A-${1000 + (n % 9000)}`;

/** The order as text and as structured content, a result as most servers make it. */
export function orderResult(order: string): object {
  const structured = {
    order_id: order,
    status: 'shipped',
    placed_at: '2026-10-04T09:12:44Z',
    tracking: `TRK-${order.slice(2)}-7741`,
    lines: Array.from({ length: 4 }, (_, i) => ({
      sku: `SKU-${i}-${order}`,
      title: `Part ${i} of the kit`,
      count: i + 1,
    })),
    note: 'The customer has been with the shop for six years and prefers short answers in plain words.',
  };
  return { content: [{ type: 'text', text: JSON.stringify(structured) }], structuredContent: structured };
}
