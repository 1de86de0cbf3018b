// What must be so before anything else runs. A file of its own because the page forbids inline script.

// zod compiles schemas to code where it may. This page forbids that, and even the attempt counts as a violation; schemas
// are made while modules load, so saying so from a module would be too late.
// oxlint-disable-next-line no-underscore-dangle
globalThis.__zod_globalConfig = { jitless: true };

// The colour scheme, before the first paint.
(() => {
  let kept = null;
  try {
    kept = localStorage.getItem('mantine-color-scheme-value');
  } catch {
    // Storage may be refused; the system's scheme is then followed.
  }
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  const scheme = kept === 'light' || kept === 'dark' ? kept : dark ? 'dark' : 'light';
  document.documentElement.setAttribute('data-mantine-color-scheme', scheme);
})();
