import { folded } from './folded.ts';
import { firstNames, lastNames, places, words } from './lists.ts';

/** What the lists say of a word: bits of one number. */
export const bits = {
  first: 1,
  last: 2,
  place: 4,
  common: 8,
  street: 16,
  title: 32,
  organisation: 64,
  particle: 128,
  date: 256,
  state: 512,
  unit: 1024,
  role: 2048,
  cue: 4096,
} as const;

const split = (list: string): string[] => list.split(' ');

const streets = split(
  'street st avenue ave av avenida avda road rd lane ln drive dr boulevard blvd bvd court ct way place pl square sq terrace ter crescent cres close highway hwy parkway pkwy pike turnpike circle cir trail trl plaza plz alley row walk grove gardens mews loop route rte freeway expressway expy causeway bypass crossing xing ridge rue route chemin impasse quai allee passage cours faubourg sentier calle carrera camino paseo plaza ronda travesia glorieta urbanizacion poligono carretera via viale piazza piazzale corso vicolo largo strada contrada rua travessa estrada praca rodovia alameda largo strasse str weg platz gasse ring damm ufer chaussee straat laan plein kade gracht singel dreef steenweg ulica ul aleja plac osiedle ulice utca ut ter krt korut gata gatan vagen vag vej vejen gade alle veien vei gate katu tie kuja polku bulevardul strada calea jalan jl trg cesta',
);
const streetEnding =
  /(?:strasse|str|straße|weg|platz|gasse|allee|ring|damm|ufer|chaussee|straat|laan|plein|kade|gracht|singel|dreef|steenweg|gata|gatan|vagen|vegen|vej|vejen|gade|veien|vei|gate|katu|tie|kuja|polku|utca|brucke|steig|hof)$/;
const titles = split(
  'mr mrs ms miss mx dr prof professor sir dame lord lady rev reverend fr father sister brother herr frau mme mlle monsieur madame m sr sra srta señor senor senora senorita don dona sig signor signora signorina dhr mevr mevrouw meneer hr fru pan pani judge justice senator sen rep representative president governor gov mayor minister captain capt colonel col general gen lieutenant lt sergeant sgt major maj officer king queen prince princess pope saint coach doctor attorney',
);
const organisations = split(
  'inc ltd llc llp corp corporation company co gmbh ag kg sa sas sarl spa srl bv nv plc ab oy as aps group holdings bank university college school institute hospital clinic association foundation society council committee department ministry agency commission club team party union league museum church party band records press journal times news airlines motors industries systems technologies partners sons bros',
);
const particles = split(
  'de del della der den di da das dos do du la le les van von zu zur zum ten ter af av el al bin ibn y e und of st',
);
const dates = split(
  'january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thurs fri sat sun januar februar marz mai juni juli oktober dezember janvier fevrier mars avril juin juillet aout septembre octobre novembre decembre enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre christmas easter',
);
const states = split(
  'al ak az ar ca co ct de fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt ne nv nh nj nm ny nc nd oh ok or pa ri sc sd tn tx ut vt va wa wv wi wy dc pr ab bc mb nb nl ns nt nu on pe qc sk yt nsw vic qld tas act aa ae ap',
);
const units = split(
  'apt apartment suite ste unit floor fl room rm bldg building box po flat level appt etage esc piso planta puerta izq dcha interno scala int wohnung stock bus bte boite hs lot dept fpo apo dpo psc',
);
const roles = split(
  'customer client patient user employee manager engineer director author actor actress singer writer player wife husband son daughter mother father brother sister friend caller member passenger guest owner president ceo cto cfo founder by from to dear hi hello hey thanks regards sincerely cheers contact attn name said says told asked wrote born met called',
);
const cues = split(
  'address addr lives live located location reside resides residence visit deliver delivery ship shipping mail send sent billing home street move moved meet at on adresse wohnhaft anschrift direccion indirizzo adres domicile office',
);

function listBits(): Map<string, number> {
  const table = new Map<string, number>();
  const add = (list: readonly string[], bit: number) => {
    for (const word of list) table.set(word, (table.get(word) ?? 0) | bit);
  };
  add(split(firstNames), bits.first);
  add(split(lastNames), bits.last);
  add(split(places), bits.place);
  add(split(words), bits.common);
  add(streets, bits.street);
  add(titles, bits.title);
  add(organisations, bits.organisation);
  add(particles, bits.particle);
  add(dates, bits.date);
  add(states, bits.state);
  add(units, bits.unit);
  add(roles, bits.role);
  add(cues, bits.cue);
  return table;
}
let table: Map<string, number> | undefined;

const nameBits = bits.first | bits.last;

/** What the lists say of a word; of a hyphenated one, what they say of all its parts; of an inflected one, of its stem. */
export function bitsOf(word: string): number {
  table ??= listBits();
  // The lists write every apostrophe as `’`.
  const plain = folded(word).replaceAll("'", '’');
  const found = table.get(plain) ?? 0;
  let more = found;
  if (streetEnding.test(plain.slice(-12)) && plain.length > 6) more |= bits.street;
  if (found === 0 && plain.includes('-')) {
    const parts = plain.split('-').slice(0, 4);
    more |= parts.reduce((all, part) => all & (table?.get(part) ?? 0), nameBits | bits.common | bits.place);
  }
  if (found === 0 && plain.length > 4 && /(?:s|ed|ing|ly|er)$/.test(plain.slice(-3))) {
    const stem = plain.replace(/(?:s|ed|ing|ly|er)$/, '');
    more |= ((table.get(stem) ?? 0) | (table.get(`${stem}e`) ?? 0)) & bits.common;
  }
  return more;
}
