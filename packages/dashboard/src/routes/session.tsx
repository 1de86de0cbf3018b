export function Session() {
  return <p>Session</p>;
}
