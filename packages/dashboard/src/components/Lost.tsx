import type { ErrorComponentProps } from '@tanstack/react-router';
import { Link, useRouter } from '@tanstack/react-router';
import { Empty, Failed } from './States.tsx';
import { Page } from './Page.tsx';

export function Lost() {
  return (
    <main>
      <Page title="No such page">
        <Empty title="Nothing is at this address">
          <Link to="/">Go to the Overview</Link>
        </Empty>
      </Page>
    </main>
  );
}

export function RouteFailed({ error }: ErrorComponentProps) {
  const router = useRouter();
  return <Failed error={error} retry={() => void router.invalidate()} />;
}
