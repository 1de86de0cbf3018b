import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { oldServer } from '../servers.ts';

await oldServer().connect(new StdioServerTransport());
