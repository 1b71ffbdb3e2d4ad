/**
 * The aisles a household begins with, and where common groceries usually stand, so that a new product
 * lands somewhere sensible. Only a first guess: the aisle of a product, or of a line moved by hand,
 * always wins. Ids and instants are fixed, so that two devices that begin offline make equal rows.
 */
import { singularKey } from './name-key.ts';

export interface DefaultAisle {
  readonly key: string;
  readonly id: string;
  readonly name: string;
  readonly hue: number;
  readonly position: string;
}

const aisle = (ordinal: number, key: string, name: string, hue: number): DefaultAisle => ({
  key,
  id: `01920000-0000-7000-8000-00000000a1${String(ordinal).padStart(2, '0')}`,
  name,
  hue,
  position: `V${String(ordinal).padStart(3, '0')}11`,
});

export const defaultAisles: readonly DefaultAisle[] = [
  aisle(1, 'produce', 'Fruit and vegetables', 4),
  aisle(2, 'bakery', 'Bakery', 2),
  aisle(3, 'dairy', 'Dairy and eggs', 7),
  aisle(4, 'meat', 'Meat and fish', 0),
  aisle(5, 'dry', 'Pasta, rice and grains', 3),
  aisle(6, 'tins', 'Tins and jars', 1),
  aisle(7, 'baking', 'Baking and spices', 9),
  aisle(8, 'frozen', 'Frozen', 8),
  aisle(9, 'snacks', 'Snacks and sweets', 10),
  aisle(10, 'drinks', 'Drinks', 6),
  aisle(11, 'home', 'Household', 5),
];

const GROCERIES: Readonly<Record<string, string>> = {
  produce:
    'apple apricot artichoke asparagus aubergine avocado banana basil bean sprout beet beetroot|' +
    'bell pepper berry blackberry blueberry bok choy broccoli brussels sprout cabbage carrot|' +
    'cauliflower celeriac celery chard cherry chili chilli chive cilantro clementine coriander|' +
    'corn on the cob courgette cranberry cucumber dill eggplant endive fennel fig garlic ginger|' +
    'grape grapefruit green bean herb kale kiwi kohlrabi leek lemon lemongrass lettuce lime mandarin|' +
    'mango melon mint mushroom nectarine okra onion orange pak choi parsley parsnip peach pear pepper|' +
    'pineapple plum pomegranate potato pumpkin radish raspberry red onion rhubarb rocket romaine|' +
    'rosemary salad scallion shallot spinach spring onion squash strawberry sweet potato thyme tomato|' +
    'turnip watermelon zucchini fruit vegetable garlic clove corn jalapeno jalapeño tarragon green',
  bakery:
    'bagel baguette bread bun ciabatta croissant flatbread loaf muffin naan pita roll sourdough toast tortilla wrap pizza dough',
  dairy:
    'butter buttermilk cheddar cheese cream cream cheese creme fraiche cottage cheese egg egg yolk egg white feta|' +
    'ghee goat cheese gouda greek yogurt halloumi heavy cream kefir margarine mascarpone milk|' +
    'mozzarella oat milk parmesan parmigiano pecorino quark ricotta skyr sour cream soy milk|' +
    'almond milk tofu whipping cream yoghurt yogurt paneer',
  meat:
    'bacon beef chicken chicken breast chorizo cod duck fish ground beef ham lamb meat mince minced meat|' +
    'mussel pancetta pork prawn salami salmon sausage shrimp steak trout tuna steak turkey veal guanciale',
  dry:
    'barley basmati rice bulgur cereal couscous cornflake granola lasagne sheet lentil linguine macaroni muesli noodle oat|' +
    'pasta penne polenta porridge quinoa ramen rice rigatoni risotto rice semolina spaghetti tagliatelle breadcrumb fusilli',
  tins:
    'baked bean black bean canned tomato caper chickpea chopped tomato coconut milk gherkin honey jam|' +
    'ketchup kidney bean marmalade mayonnaise mustard olive passata peanut butter pesto pickle|' +
    'salsa sauerkraut soy sauce stock sweetcorn tahini tomato paste tomato puree tomato sauce tuna|' +
    'vinegar worcestershire sauce hot sauce fish sauce olive oil oil sunflower oil vegetable oil sesame oil broth',
  baking:
    'almond baking powder baking soda bay leaf black pepper bouillon brown sugar cardamom cayenne|' +
    'chili powder chocolate chip cinnamon clove cocoa coriander seed corn starch cornflour cornstarch cumin curry powder|' +
    'flour garam masala garlic powder icing sugar nutmeg onion powder oregano paprika peppercorn|' +
    'powdered sugar raisin sage salt sesame star anise stock cube sugar turmeric vanilla|' +
    'vanilla extract walnut yeast pine nut hazelnut marjoram shortening ground pepper salt and pepper',
  frozen:
    'fish finger frozen berry frozen corn frozen pea frozen spinach ice ice cream pea frozen pizza fry',
  snacks:
    'biscuit candy chip chocolate cookie cracker crisp dark chocolate gum nut peanut popcorn pretzel sweet',
  drinks:
    'apple juice beer cider coffee cola 7up juice lemonade mineral water orange juice soda sparkling water tea tonic water water wine red wine white wine',
  home:
    'aluminium foil baking paper battery bin bag candle cat food cling film deodorant detergent diaper dish soap|' +
    'dishwasher tablet dog food foil kitchen roll laundry detergent light bulb match nappy napkin|' +
    'paper towel plaster shampoo shower gel soap sponge tissue toilet paper toothbrush toothpaste washing powder',
};

/** Words of several parts that stand in the lists above; all others are single words. */
const PHRASES: readonly string[] = [
  'bean sprout|bell pepper|bok choy|brussels sprout|corn on the cob|green bean|pak choi|red onion',
  'spring onion|sweet potato|pizza dough|cream cheese|creme fraiche|cottage cheese|goat cheese',
  'greek yogurt|heavy cream|oat milk|sour cream|soy milk|almond milk|whipping cream|chicken breast',
  'ground beef|minced meat|tuna steak|basmati rice|lasagne sheet|risotto rice|baked bean|black bean',
  'canned tomato|chopped tomato|coconut milk|kidney bean|peanut butter|soy sauce|tomato paste',
  'tomato puree|tomato sauce|worcestershire sauce|hot sauce|fish sauce|olive oil|sunflower oil',
  'vegetable oil|sesame oil|baking powder|baking soda|bay leaf|black pepper|brown sugar|chili powder',
  'chocolate chip|coriander seed|corn starch|curry powder|garam masala|garlic powder|icing sugar',
  'onion powder|powdered sugar|star anise|stock cube|vanilla extract|fish finger|frozen berry',
  'frozen pea|frozen spinach|ice cream|frozen pizza|dark chocolate|apple juice|mineral water',
  'orange juice|sparkling water|tonic water|red wine|white wine|aluminium foil|baking paper|bin bag',
  'cat food|cling film|dish soap|dishwasher tablet|dog food|kitchen roll|laundry detergent',
  'garlic clove|frozen corn|ground pepper|salt and pepper|light bulb|paper towel|shower gel|toilet paper|washing powder|pine nut|egg yolk|egg white',
].flatMap((line) => line.split('|'));

function tableOfNames(): ReadonlyMap<string, string> {
  const table = new Map<string, string>();
  for (const [key, text] of Object.entries(GROCERIES)) {
    let rest = ` ${text.replaceAll('|', ' ')} `;
    for (const phrase of PHRASES) {
      if (rest.includes(` ${phrase} `)) {
        table.set(phrase, key);
        rest = rest.replaceAll(` ${phrase} `, ' ');
      }
    }
    for (const word of rest.split(' ')) if (word !== '') table.set(word, key);
  }
  return table;
}

const AISLE_OF_NAME = tableOfNames();

/** Names for suggestions before there is a history, in alphabetical order. */
export const commonGroceries: readonly string[] = [...AISLE_OF_NAME.keys()].sort((a, b) =>
  a < b ? -1 : a > b ? 1 : 0,
);

/**
 * The usual aisle of a name: the longest known run of its last words, then of any of its words ("ripe
 * cherry tomatoes" → tomato). Null when nothing is known.
 */
export function guessAisle(name: string): DefaultAisle | null {
  const words = singularKey(name.replace(/\([^()]*\)/gu, ' '))
    .replace(/[^\p{L}\p{N}\s]/gu, ' ')
    .split(' ')
    .filter((word) => word !== '')
    .slice(0, 12);
  for (let size = Math.min(4, words.length); size >= 1; size -= 1) {
    for (let start = words.length - size; start >= 0; start -= 1) {
      const key = AISLE_OF_NAME.get(words.slice(start, start + size).join(' '));
      if (key !== undefined) return defaultAisles.find((entry) => entry.key === key) ?? null;
    }
  }
  return null;
}

/** Where something of this aisle is kept at home. */
export function pantryPlaceFor(name: string): 'fridge' | 'freezer' | 'cupboard' {
  const key = guessAisle(name)?.key;
  if (key === 'frozen') return 'freezer';
  return key === 'dairy' || key === 'meat' || key === 'produce' ? 'fridge' : 'cupboard';
}
