import type { ErrorComponentProps } from '@tanstack/react-router';
import { Link, useRouter } from '@tanstack/react-router';
import { Empty, Failed } from './States.tsx';

export function Lost() {
  return (
    <main>
      <Empty title="There is no such page">
        <Link to="/">Go to the Overview</Link>
      </Empty>
    </main>
  );
}

export function RouteFailed({ error }: ErrorComponentProps) {
  const router = useRouter();
  return <Failed error={error} retry={() => void router.invalidate()} />;
}
