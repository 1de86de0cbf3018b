import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { oldServer } from '../old-server.ts';

await oldServer().connect(new StdioServerTransport());
