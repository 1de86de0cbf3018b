import { Button, Loader } from '@mantine/core';
import { getRouteApi, useRouter } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Code } from '../components/Code.tsx';
import { Failed } from '../components/States.tsx';
import { Logo } from '../components/Logo.tsx';
import { getSignInWays, isSignedOut, providerPath, signIn } from '../api.ts';
import { queries } from '../queries.ts';
import styles from './sign-in.module.css';

const route = getRouteApi('/sign-in');

/** The token stands in the fragment, which reaches no server and no log, and leaves the address bar at once. */
function takeToken(): string {
  const token = window.location.hash.slice(1);
  if (token !== '')
    window.history.replaceState(window.history.state, '', window.location.pathname + window.location.search);
  return token;
}

/** Only a place within this page: an address of elsewhere in the link must not lead there. */
const isOwnPlace = (to: string | undefined): to is string => to !== undefined && /^\/(?![/\\])/.test(to);

export function SignIn() {
  const { to } = route.useSearch();
  const router = useRouter();
  const client = useQueryClient();
  const taken = useRef(false);
  const enter = useMutation({
    mutationFn: signIn,
    onSuccess: (me) => {
      client.setQueryData(queries.me.queryKey, me);
      router.history.push(isOwnPlace(to) ? to : '/');
    },
  });
  const { mutate } = enter;
  useEffect(() => {
    document.title = 'Sign in · Sallyport';
    const follow = () => {
      const token = takeToken();
      if (token !== '') mutate(token);
    };
    if (!taken.current) follow();
    taken.current = true;
    window.addEventListener('hashchange', follow);
    return () => window.removeEventListener('hashchange', follow);
  }, [mutate]);

  return (
    <main className={styles.page}>
      <div className={styles.card}>
        <div className={styles.brand}>
          <Logo size={40} />
          <div>
            <h1 className={styles.title}>Sallyport</h1>
            <p className={styles.line}>One checkpoint for everything an agent does.</p>
          </div>
        </div>
        {enter.isPending || enter.isSuccess ? (
          <output className={styles.pending}>
            <Loader size="xs" aria-hidden /> Signing in
          </output>
        ) : (
          <>
            {enter.isError ? <Sorry error={enter.error} /> : null}
            <AtProvider to={isOwnPlace(to) ? to : '/'} />
            <h2 className={styles.how}>{enter.isError ? 'Get a new link' : 'Sign in with a one-time link'}</h2>
            <p className={styles.text}>There are no passwords here. Ask the runtime for a link, on its machine:</p>
            <Code text="npx sallyport sign-in" label="In a terminal" />
            <p className={styles.text}>
              Starting the runtime prints one as well, and an owner can make one for you under Settings, Operators.
            </p>
          </>
        )}
      </div>
    </main>
  );
}

/** Only where a provider is configured; while that is not known the link below works all the same. */
function AtProvider({ to }: { to: string }) {
  const ways = useQuery({ queryKey: ['sign-in'], queryFn: getSignInWays, retry: false });
  const provider = ways.data?.provider;
  if (!provider) return null;
  return (
    <Button component="a" href={providerPath(to)} fullWidth mb={26}>
      Sign in with {provider.host}
    </Button>
  );
}

function Sorry({ error }: { error: unknown }) {
  if (!isSignedOut(error)) return <Failed error={error} />;
  return (
    <div className={styles.sorry} role="alert">
      <strong>This link no longer works.</strong> Each link works once and for a short time. It was used already, or it
      expired.
    </div>
  );
}
