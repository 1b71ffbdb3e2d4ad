/** The mark of Larder: a preserving jar; the line of its contents rises on the right into a tick. */
export function Jar({ size = 24 }: { readonly size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.75"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d="M8 2.9h8a1 1 0 0 1 1 1v1.7a1 1 0 0 1-1 1H8a1 1 0 0 1-1-1V3.9a1 1 0 0 1 1-1Z" />
      <path d="M7.8 6.6C5.8 7.5 5 8.9 5 10.7v7.6A2.8 2.8 0 0 0 7.8 21.1h8.4a2.8 2.8 0 0 0 2.8-2.8v-7.6c0-1.8-.8-3.2-2.8-4.1" />
      <path d="M5.2 14.6c1.3-.9 2.6-.9 3.7.1l2.3 2.2 5-5.7" />
    </svg>
  );
}
