import { notifications } from '@mantine/notifications';

/** Confirms what was done once its dialog is gone. */
export function said(message: string): void {
  notifications.show({ message, autoClose: 4_000, color: 'petrol', closeButtonProps: { 'aria-label': 'Dismiss' } });
}
