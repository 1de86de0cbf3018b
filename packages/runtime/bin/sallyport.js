#!/usr/bin/env node
// Plain JavaScript that every Node can parse: an older one would fail on TypeScript before it could say why.
const needed = 24;
if (Number(process.versions.node.split('.')[0]) < needed) {
  process.stderr.write(
    `Sallyport needs Node ${needed} or newer; this is ${process.versions.node} (${process.execPath}).\n` +
      'On Linux `npm ci` brings one along: use `npm start`, or `npm run sallyport -- <command>`. Elsewhere see https://nodejs.org.\n',
  );
  process.exit(2);
}
await import('../src/main.ts');
