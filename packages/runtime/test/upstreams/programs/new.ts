import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { newServer } from '../servers.ts';

serveStdio(newServer, { legacy: 'reject' });
