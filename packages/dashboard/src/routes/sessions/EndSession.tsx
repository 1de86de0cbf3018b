import type { SessionView } from '@sallyport/core/admin';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Confirm } from '../../components/Confirm.tsx';
import { HostileText } from '../../components/HostileText.tsx';
import { call } from '../../api.ts';
import { said } from '../../components/said.ts';

export function EndSession({ session, close }: { session: SessionView; close: () => void }) {
  const client = useQueryClient();
  const end = useMutation({
    mutationFn: () => call('sessions.end', { params: { id: session.id } }),
    onSuccess: async () => {
      close();
      said('The session has ended.');
      await Promise.all([
        client.invalidateQueries({ queryKey: ['sessions'] }),
        client.invalidateQueries({ queryKey: ['session', session.id] }),
        client.invalidateQueries({ queryKey: ['overview'] }),
      ]);
    },
  });
  return (
    <Confirm
      title="End this session?"
      opened
      close={close}
      act={() => end.mutate()}
      does="End session"
      busy={end.isPending}
      error={end.error}
    >
      <p>
        Everything that <HostileText text={session.agent.name} max={60} /> asks in it from now on is denied. The agent
        may open a new session with its key; to keep it out, revoke the key under Settings.
      </p>
    </Confirm>
  );
}
