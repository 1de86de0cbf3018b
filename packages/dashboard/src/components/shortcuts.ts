import { value } from '../live/value.ts';

export const shortcutsOpen = value(false);

const key = 'sallyport-shortcuts';

/** Single-key shortcuts can be turned off (WCAG 2.1.4): speech input types letters. */
export const shortcutsOn = value(readSwitch());

export function switchShortcuts(on: boolean): void {
  shortcutsOn.set(on);
  try {
    localStorage.setItem(key, on ? 'on' : 'off');
  } catch {
    // Kept for this page only.
  }
}

function readSwitch(): boolean {
  try {
    return localStorage.getItem(key) !== 'off';
  } catch {
    return true;
  }
}

/** Where each letter after `g` leads. */
export const destinations = {
  o: { to: '/', label: 'Overview' },
  a: { to: '/approvals', label: 'Approvals' },
  s: { to: '/sessions', label: 'Sessions' },
  l: { to: '/tools', label: 'Tools' },
  p: { to: '/permissions', label: 'Permissions' },
  t: { to: '/settings', label: 'Settings' },
} as const;

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** Whether a key press is a shortcut: not while typing, not in a dialog or menu, not with a modifier. */
export function isShortcut(event: KeyboardEvent): boolean {
  if (!shortcutsOn.get() || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return false;
  if (isTyping(event.target)) return false;
  return document.querySelector('[role*="dialog"], [role="menu"]') === null;
}

/** Moves along the rows of the screen's list; an item marked `select` shows itself as it is reached. */
export function moveInList(step: 1 | -1): void {
  const items = [...document.querySelectorAll<HTMLElement>('main [data-list-item]')].filter(
    (item) => item.offsetParent !== null,
  );
  const focused = items.findIndex((item) => item === document.activeElement);
  const current = focused === -1 ? items.findIndex((item) => item.ariaCurrent !== null) : focused;
  const next = items[Math.min(items.length - 1, Math.max(0, current + step))];
  next?.focus();
  next?.scrollIntoView({ block: 'nearest' });
  if (next?.dataset['listItem'] === 'select') next.click();
}
