import { Button, Menu } from '@mantine/core';
import { IconChevronDown, IconKeyboard, IconLogout } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { shortcutsOpen } from './shortcuts.ts';
import { signOut } from '../api.ts';
import { useMe } from './me.ts';
import styles from './UserMenu.module.css';

export function UserMenu() {
  const me = useMe();
  const client = useQueryClient();
  const navigate = useNavigate();
  const leave = useMutation({
    mutationFn: signOut,
    // Also when the answer failed: what this browser knows is forgotten either way.
    onSettled: async () => {
      await navigate({ to: '/sign-in', search: {} });
      client.clear();
    },
  });
  return (
    <Menu position="bottom-end" width={210}>
      <Menu.Target>
        <Button
          variant="subtle"
          color="dark.3"
          className="sp-quiet"
          size="compact-md"
          rightSection={<IconChevronDown size={14} aria-hidden />}
        >
          <span className={styles.name}>{me.name}</span>
          {me.name === me.role ? null : <span className={styles.role}>{me.role}</span>}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconKeyboard size={16} aria-hidden />} onClick={() => shortcutsOpen.set(true)}>
          Keyboard shortcuts
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => leave.mutate()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
