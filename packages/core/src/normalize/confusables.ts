/**
 * Letters that pass for a Latin one (after Unicode UTS #39 confusables, and the styled alphabets which NFKC leaves alone:
 * small capitals, turned letters, squared and regional letters). The key is what they are read as.
 */
export const confusables: Readonly<Record<string, string>> = {
  a: 'аαɑᴀⱯɐꭺᎪᗅ∀ᗩΑА🅐🅰🇦ₐᵃᶏ',
  b: 'ЬвʙᏴᗷβƄВΒҍ🅑🅱🇧ᵇɓᖯ',
  c: 'сϲᴄᏟᑕСϹҫ🅒🅲🇨ᶜↄɔ',
  d: 'ԁɗᏧᗞᗪᴅđĐ🅓🅳🇩ᵈժɖ',
  e: 'еєҽᴇεꭼᎬЕΕ∃ǝə🅔🅴🇪ᵉₑɛ',
  f: 'ғꜰϝᖴƒɟ🅕🅵🇫ᶠẝ',
  g: 'ɡɢᏀԍցƃᶃ🅖🅶🇬ᵍ',
  h: 'һհʜᎻнНΗ🅗🅷🇭ʰₕɥ',
  i: 'іιɪᎥıꙇІΙɩ🅘🅸🇮ⁱᵢᴉ',
  j: 'јϳᴊᎫЈ🅙🅹🇯ʲⱼɾ',
  k: 'кκᴋᏦКΚқ🅚🅺🇰ᵏₖʞ',
  l: 'ӏʟᏞᒪłŁ∣ǀ🅛🅻🇱ˡₗן',
  m: 'мᴍᎷᗰМΜϻ🅜🅼🇲ᵐₘɯ',
  n: 'пηɴոΝᑎռ🅝🅽🇳ⁿₙ',
  o: 'оοσᴏօθΟОøØ०০੦ഠ〇🅞🅾🇴ᵒₒ',
  p: 'рρᴘᏢᑭРΡ🅟🅿🇵ᵖₚþ',
  q: 'ԛգ🅠🆀🇶ᑫ',
  r: 'гʀᏒᖇᴦɹя🅡🆁🇷ʳᵣ',
  s: 'ѕꜱᏚЅՏʂ🅢🆂🇸ˢₛ',
  t: 'тτᴛᎢТΤʇ†🅣🆃🇹ᵗₜ',
  u: 'υսᴜᑌμ🅤🆄🇺ᵘᵤ',
  v: 'ѵνᴠᏙᐯ🅥🆅🇻ᵛᵥʌ',
  w: 'ԝωᴡᏔᗯшѡ🅦🆆🇼ʷʍ',
  x: 'хχ᙭ХΧ×🅧🆇🇽ˣₓ',
  y: 'уүγʏУΥყ🅨🆈🇾ʸʎ',
  z: 'ᴢᏃΖʐƶ🅩🆉🇿ᶻ',
};
