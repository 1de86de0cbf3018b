/** A gate within a gate, and one thing passing. */
export function Logo({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <rect width="24" height="24" rx="5.5" fill="#0b5563" />
      <path d="M5.5 19v-7a6.5 6.5 0 0 1 13 0v7" fill="none" stroke="#fff" strokeWidth="1.9" strokeLinecap="round" />
      <path
        d="M9.2 19v-6.6a2.8 2.8 0 0 1 5.6 0V19"
        fill="none"
        stroke="#fff"
        strokeOpacity="0.55"
        strokeWidth="1.9"
        strokeLinecap="round"
      />
      <circle cx="12" cy="15.6" r="1.5" fill="#fff" />
    </svg>
  );
}
