import type { CSSVariablesResolver, MantineColorsTuple } from '@mantine/core';
import { createTheme, Modal } from '@mantine/core';

const petrol: MantineColorsTuple = [
  '#e9f4f6',
  '#d3e7ea',
  '#a6cfd6',
  '#76b6c1',
  '#4d9fad',
  '#2d8798',
  '#167184',
  '#0b5563',
  '#0a4b58',
  '#073640',
];
const brick: MantineColorsTuple = [
  '#fdf0ef',
  '#f9dcda',
  '#f1b5b1',
  '#e98b85',
  '#e0655d',
  '#d3453c',
  '#c23028',
  '#b0221b',
  '#9c1d17',
  '#74130f',
];
const slate: MantineColorsTuple = [
  '#e7edef',
  '#c9d3d7',
  '#aebbc0',
  '#8d9ba1',
  '#566369',
  '#37444a',
  '#232c30',
  '#171d20',
  '#13181b',
  '#0d1113',
];

export const theme = createTheme({
  primaryColor: 'petrol',
  // Dialogs and drawers are moved by script, which the style sheet's rule for reduced motion does not reach.
  respectReducedMotion: true,
  colors: { petrol, brick, dark: slate },
  // These shades and autoContrast keep filled controls above 4.5:1 in both schemes.
  primaryShade: { light: 7, dark: 8 },
  autoContrast: true,
  fontFamily: 'var(--sp-font)',
  fontFamilyMonospace: 'var(--sp-mono)',
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '20px' },
  defaultRadius: '6px',
  focusRing: 'auto',
  cursorType: 'pointer',
  components: {
    Modal: Modal.extend({
      defaultProps: {
        centered: true,
        overlayProps: { backgroundOpacity: 0.45 },
        closeButtonProps: { 'aria-label': 'Close' },
      },
    }),
  },
});

/** The kit's own colours, set from ours, so that its parts sit on the same paper. */
export const cssVariables: CSSVariablesResolver = () => {
  const shared = {
    '--mantine-color-body': 'var(--sp-surface)',
    '--mantine-color-text': 'var(--sp-ink)',
    '--mantine-color-dimmed': 'var(--sp-ink-3)',
    '--mantine-color-placeholder': 'var(--sp-ink-3)',
    '--mantine-color-default': 'var(--sp-surface)',
    '--mantine-color-default-hover': 'var(--sp-hover)',
    '--mantine-color-default-color': 'var(--sp-ink)',
    '--mantine-color-default-border': 'var(--sp-line-strong)',
    '--mantine-color-error': 'var(--sp-deny)',
    '--mantine-color-anchor': 'var(--sp-accent)',
  };
  return { variables: {}, light: shared, dark: shared };
};
