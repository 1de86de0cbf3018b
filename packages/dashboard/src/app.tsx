import { MantineProvider } from '@mantine/core';
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { Notifications } from '@mantine/notifications';
import { RouterProvider } from '@tanstack/react-router';
import { Unreachable, isSignedOut } from './api.ts';
import { createAppRouter } from './router.tsx';
import { cssVariables, theme } from './theme.ts';

const toSignIn = (error: unknown) => {
  if (!isSignedOut(error) || router.state.location.pathname === '/sign-in') return;
  client.clear();
  void router.navigate({ to: '/sign-in', search: { to: router.state.location.href } });
};

const client = new QueryClient({
  queryCache: new QueryCache({ onError: toSignIn }),
  mutationCache: new MutationCache({ onError: toSignIn }),
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      // What was refused stays refused; what did not answer may answer now.
      retry: (failures, error) => error instanceof Unreachable && failures < 2,
    },
  },
});
const router = createAppRouter(client);

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

export function App({ nonce }: { nonce: string }) {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      getStyleNonce={() => nonce}
      deduplicateInlineStyles={false}
    >
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
        <Notifications position="bottom-right" limit={3} />
      </QueryClientProvider>
    </MantineProvider>
  );
}
