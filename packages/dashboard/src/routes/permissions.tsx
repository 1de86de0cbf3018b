export function Permissions() {
  return <p>Permissions</p>;
}
