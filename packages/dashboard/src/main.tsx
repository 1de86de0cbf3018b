import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { forbidMarkup, takeStyleNonce } from './trust.ts';

forbidMarkup();

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App nonce={takeStyleNonce()} />
    </StrictMode>,
  );
}
