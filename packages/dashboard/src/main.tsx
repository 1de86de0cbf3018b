import { StrictMode } from 'react';
import { config } from 'zod';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { forbidMarkup, takeStyleNonce } from './trust.ts';

// zod compiles schemas to code where it may; this page forbids that, and even the attempt counts as a violation.
config({ jitless: true });
forbidMarkup();

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App nonce={takeStyleNonce()} />
    </StrictMode>,
  );
}
