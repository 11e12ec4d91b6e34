/* What takes longest of reading and scoring, in one pass each; `model/kernel.py` calls it.

   Each function gives bit for bit what the numpy path beside its call gives, which stays where this
   is not compiled. Sums are of whole numbers, so that their order makes no difference. The caller
   gives arrays that are long enough and numbers that lie within them; nothing is kept here. */

#include <stddef.h>
#include <stdint.h>

#define BASE UINT64_C(0xD1342543DE82EF95) /* as in hash_table.py */
#define MIX UINT64_C(0x9E3779B97F4A7C15)
#define GOLDEN UINT32_C(0x9E3779B1) /* as in features.py */
#define PAIR UINT32_C(31)
#define GRAM UINT32_C(0x01000193)
#define CHAR_SEED UINT32_C(0x9747B28C)

/* Tables are larger than the caches: what will be read is asked for some steps ahead. */
#ifdef __GNUC__
#define FETCH(place) __builtin_prefetch(place)
#define LOWEST(bits) ((size_t)__builtin_ctzll(bits))
#else
#define FETCH(place) ((void)0)
static size_t LOWEST(uint64_t bits) /* the place of the lowest bit that is set; one is */
{
    size_t place = 0;
    while (!(bits >> place & 1))
        place++;
    return place;
}
#endif
#define AHEAD 32 /* a power of two */

enum { OTHER, WORD, APOSTROPHE, MARK, UNKNOWN }; /* kinds of characters, as in tokens.py */

/* Return the hash of a word from the polynomial in its characters: see hash_table.py. */
static uint64_t mixed(uint64_t polynomial)
{
    const uint64_t hash = (polynomial ^ polynomial >> 32) * MIX;
    return (hash ^ hash >> 29) | 1;
}

/* The slot that a hash asks for. `mask` is the number of slots, a power of two, less one. */
#define SLOT(hash, mask) ((size_t)((hash) >> 20) & (mask))

/* Return the slot of a hash in a table with open addressing, or the free one (0) for it. */
static size_t find(const uint64_t *hashes, size_t mask, uint64_t hash)
{
    size_t slot = SLOT(hash, mask);
    while (hashes[slot] && hashes[slot] != hash)
        slot = (slot + 1) & mask;
    return slot;
}

/* A table of tokens: hashes, 0 where a slot is free, and numbers, `n_tokens` so far. */
struct table {
    uint64_t *hashes;
    int32_t *numbers;
    size_t mask;
    int64_t n_tokens;
};

/* Number some tokens by their hashes. Put the places of those that were not in the table into
   `fresh` and return how many there are. */
static int64_t look_up(
    struct table *table, const uint64_t *hashes, int64_t from, int64_t to, int32_t *number,
    int64_t *fresh)
{
    int64_t n_fresh = 0;
    for (int64_t i = from; i < to; i++) {
        const uint64_t hash = hashes[i % AHEAD];
        const size_t slot = find(table->hashes, table->mask, hash);
        if (!table->hashes[slot]) {
            table->hashes[slot] = hash;
            table->numbers[slot] = (int32_t)table->n_tokens++;
            fresh[n_fresh++] = i;
        }
        number[i] = table->numbers[slot];
    }
    return n_fresh;
}

/* Cut pieces of texts, which stand one after another in `codes`, a separator after each.

   Piece i ends before `ends[i]`, is of the text `texts[i]` and starts there at `starts[i]`. Fills
   `number`, `row`, `start` and `end` of each token, which have room for as many tokens as there are
   codes, and returns how many tokens there are. Adds to the table (`table_hashes` and `numbers`, of
   `n_slots`, which holds `n_known[0]` tokens) what it lacks: puts the places of these among the
   tokens into `fresh` and their number into `n_known[1]`. Returns -1, with nothing done, where a
   character's kind is not known. */
int64_t cut(
    const uint32_t *codes, const uint8_t *kinds, const int64_t *ends, const int32_t *texts,
    const int64_t *starts, int64_t n_pieces, uint64_t *table_hashes, int32_t *numbers,
    int64_t n_slots, int64_t *n_known, int32_t *number, int32_t *row, int64_t *start, int64_t *end,
    int64_t *fresh)
{
    struct table table = {table_hashes, numbers, (size_t)n_slots - 1, n_known[0]};
    uint64_t hashes[AHEAD];
    int64_t n = 0, n_fresh = 0, i = 0;
    for (int64_t j = 0; j < (n_pieces ? ends[n_pieces - 1] : 0); j++)
        if (kinds[codes[j]] == UNKNOWN)
            return -1;
    for (int64_t piece = 0; piece < n_pieces; piece++) {
        const int64_t shift = starts[piece] - i, stop = ends[piece] - 1;
        while (i < stop) {
            const int64_t first = i;
            const uint8_t kind = kinds[codes[i++]];
            if (kind != WORD && kind != MARK)
                continue;
            uint64_t hash = codes[first], power = BASE;
            for (; kind == WORD && i < stop && kinds[codes[i]] == WORD; power *= BASE)
                hash += codes[i++] * power;
            if (kind == WORD && i < stop && kinds[codes[i]] == APOSTROPHE)
                hash += codes[i++] * power;
            hash = mixed(hash);
            FETCH(table.hashes + SLOT(hash, table.mask));
            FETCH(table.numbers + SLOT(hash, table.mask));
            hashes[n % AHEAD] = hash;
            row[n] = texts[piece];
            start[n] = first + shift;
            end[n] = i + shift;
            if (++n % AHEAD == 0)
                n_fresh += look_up(&table, hashes, n - AHEAD, n, number, fresh + n_fresh);
        }
        i = stop + 1;
    }
    n_fresh += look_up(&table, hashes, n - n % AHEAD, n, number, fresh + n_fresh);
    n_known[0] = table.n_tokens;
    n_known[1] = n_fresh;
    return n;
}

/* Return the column of a hash in a table of 2 ** bits columns. */
static size_t column(uint32_t hash, int64_t bits)
{
    return (size_t)((uint32_t)(hash * GOLDEN) >> (32 - bits));
}

/* Add values to sums; a loop of a known length is made of vectors. */
#define ADD(sums, values, width)                      \
    do {                                              \
        size_t done = 0;                              \
        for (; done + 8 <= (width); done += 8)        \
            for (size_t k = 0; k < 8; k++)            \
                (sums)[done + k] += (values)[done + k]; \
        for (; done < (width); done++)                \
            (sums)[done] += (values)[done];           \
    } while (0)

static void add(int64_t *restrict sums, const int32_t *restrict values, size_t width)
{
    ADD(sums, values, width);
}

static void add_known(int64_t *restrict sums, const int64_t *restrict values, size_t width)
{
    ADD(sums, values, width);
}

/* Add to the sums of each word, (n_words, 2, width), in their second row the values, (n_features,
   width), of its n-grams. Words stand one after another in `codes`, each up to `ends[i]`. */
void sum_grams(
    const uint32_t *codes, const int64_t *ends, int64_t n_words, int64_t shortest, int64_t longest,
    int64_t bits, const int32_t *values, int64_t width, int64_t *sums)
{
    int64_t first = 0;
    for (int64_t i = 0; i < n_words; i++, sums += 2 * width)
        for (; first < ends[i]; first++) {
            uint32_t hash = CHAR_SEED;
            for (int64_t n = 1; n <= longest && first + n <= ends[i]; n++) {
                hash = hash * GRAM + codes[first + n - 1];
                if (n < shortest)
                    continue;
                const size_t gram = ((size_t)1 << bits) + column(hash + (uint32_t)n * GOLDEN, bits);
                add(sums + width, values + gram * (size_t)width, (size_t)width);
            }
        }
}

/* Add a number to a set; return whether it was not in it. Numbers of another stamp, the bits from
   33 on, count as not being there. */
static int add_new(uint64_t *set, size_t mask, uint64_t stamped)
{
    size_t slot = (size_t)(stamped * MIX >> 32) & mask;
    for (; set[slot] >> 33 == stamped >> 33; slot = (slot + 1) & mask)
        if (set[slot] == stamped)
            return 0;
    set[slot] = stamped;
    return 1;
}

/* Sum what each distinct word and pair of neighbouring words brings to its text.

   Tokens have the number `number[i]` and are of the text `row[i]`, which rises. `word_of` is the
   word of each token by number, negative where it has none; `hashes` are the words', `known` their
   sums, (n_words, 2, width), and `values` those of each column. `vector_of` is the place of each
   word's vector in `vectors`, (n_vectors, n_dims), negative where it has none. `sums` is (n_texts,
   2 * width + n_dims), zero before. `set` is zero before, and has four slots for each token of the
   longest text, rounded up to a power of two. `scratch` has room for two numbers a token of it. */
void sum_texts(
    const int32_t *number, const int32_t *row, int64_t n_tokens, const int32_t *word_of,
    const uint32_t *hashes, const int64_t *known, const int32_t *values, int64_t width,
    int64_t bits, const int32_t *vector_of, const int32_t *vectors, int64_t n_dims, uint64_t *set,
    uint64_t *scratch, int64_t *sums)
{
    const size_t n_values = (size_t)width, n_of_word = 2 * n_values, n_of_vector = (size_t)n_dims;
    for (int64_t i = 0, end; i < n_tokens; i = end) {
        int64_t *const of_text = sums + (int64_t)row[i] * (2 * width + n_dims);
        const uint64_t stamp = (uint64_t)row[i] + 1;
        size_t n_slots = 4, n_words = 0, n_pairs = 0;
        int64_t before = -1;
        for (end = i + 1; end < n_tokens && row[end] == row[i]; end++)
            ;
        while (n_slots < 4 * (size_t)(end - i))
            n_slots *= 2;
        uint64_t *const words = scratch, *const pairs = scratch + (end - i);
        for (int64_t j = i; j < end; j++) {
            const int32_t word = word_of[number[j]];
            if (word < 0)
                continue;
            if (add_new(set, n_slots - 1, stamp << 33 | (uint64_t)word)) {
                words[n_words++] = (uint64_t)word;
                for (size_t k = 0; k < n_of_word; k += 8)
                    FETCH(known + (size_t)word * n_of_word + k);
                for (size_t k = 0; vector_of[word] >= 0 && k < n_of_vector; k += 16)
                    FETCH(vectors + (size_t)vector_of[word] * n_of_vector + k);
            }
            if (before >= 0) {
                const uint32_t pair = hashes[before] * PAIR + hashes[word] * GOLDEN + 1;
                if (add_new(set, n_slots - 1, stamp << 33 | UINT64_C(1) << 32 | pair)) {
                    const size_t place = column(pair, bits) * n_values;
                    pairs[n_pairs++] = place;
                    FETCH(values + place);
                }
            }
            before = word;
        }
        for (size_t j = 0; j < n_words; j++) {
            const int32_t place = vector_of[words[j]];
            add_known(of_text, known + words[j] * n_of_word, n_of_word);
            if (place >= 0)
                add(of_text + n_of_word, vectors + (size_t)place * n_of_vector, n_of_vector);
        }
        for (size_t j = 0; j < n_pairs; j++)
            add(of_text, values + pairs[j], n_values);
    }
}

/* Return whether the three letters before a place are one of `ends`, (n, 3). */
static int ends_in(const uint32_t *end, const uint32_t *folded, const uint32_t *ends, int64_t n)
{
    const uint32_t a = folded[end[-3]], b = folded[end[-2]], c = folded[end[-1]];
    for (; n > 0; n--, ends += 3)
        if (a == ends[0] && b == ends[1] && c == ends[2])
            return 1;
    return 0;
}

/* See characters: fill `classes` with the classes of each, as bits, which `table` has by code, and
   `places` with the places of those of the classes `few`; return how many these are. Add to
   `counts`, (n_texts, n_bits), how many characters of each of these classes, and of that of the
   first bit, each text has. Text i ends before `ends[i]`; what comes after the last is of none.
   Return -1 where a character has no bit. */
int64_t see(
    const uint32_t *codes, int64_t n_codes, const uint32_t *table, const int64_t *ends,
    int64_t n_texts, int64_t few, int64_t n_bits, uint32_t *classes, int64_t *places,
    int64_t *counts)
{
    int64_t n = 0, i = 0;
    for (int64_t text = 0; text <= n_texts; text++, counts += n_bits) {
        const int64_t stop = text < n_texts ? ends[text] : n_codes;
        int64_t n_first = 0;
        for (; i < stop; i++) {
            const uint32_t bits = classes[i] = table[codes[i]];
            n_first += bits & 1;
            if (!bits)
                return -1;
            if (!(bits & few))
                continue;
            places[n++] = i;
            for (uint64_t left = bits & (uint64_t)few; text < n_texts && left; left &= left - 1)
                counts[LOWEST(left)]++;
        }
        if (text < n_texts)
            counts[0] += n_first;
    }
    return n;
}

/* Find the words of texts that say something, and forms of verbs: see words.py.

   Text i ends before the separator at `ends[i]` of `codes`; `folded` is by code, 0 for what is no
   letter, and `bits` are the classes of each character, of which `figure` and `in_word` are two.
   The table of known words is `hashes` and `numbers`, of `n_slots`; `class_of` and `roles` (1 a
   verb, 2 begins a phrase) are by number, `pairs`, (n_numbers, n_numbers), those that begin one;
   `verb_ends`, (n_verb_ends, 3), are what verbs end in.
   Adds to `n_words` and `verb`, (n_texts,), and to `counts`, (n_texts, n_classes); fills `word` and
   `row` of each word, and `begins` with the places where phrases may begin, and returns how many
   these are. */
int64_t find_words(
    const uint32_t *codes, const uint32_t *folded, const uint32_t *bits, const int64_t *ends,
    int64_t n_texts, int64_t figure, int64_t in_word, const uint64_t *hashes,
    const int32_t *numbers, int64_t n_slots, const int64_t *class_of, int64_t n_classes,
    const uint8_t *roles, const uint8_t *pairs, int64_t n_numbers, const uint32_t *verb_ends,
    int64_t n_verb_ends, int64_t *n_words, uint8_t *verb, int64_t *counts, int64_t *word,
    int64_t *row, int64_t *begins)
{
    const size_t mask = (size_t)n_slots - 1;
    int64_t n = 0, n_begins = 0, first = 0;
    for (int64_t text = 0; text < n_texts; text++, counts += n_classes) {
        const int64_t n_before = n, stop = ends[text];
        for (int64_t i = first; i < stop;) {
            const int64_t start = i;
            uint64_t hash = 0, power = 1;
            uint32_t letter;
            for (; i < stop && (letter = folded[codes[i]]) != 0; i++) {
                hash += letter * power;
                power *= BASE;
            }
            if (i == start) {
                i++;
                continue;
            }
            const int64_t known = numbers[find(hashes, mask, mixed(hash))];
            const int64_t before = n > 0 ? word[n - 1] : 0;
            if (before && roles[before] & 2 && pairs[before * n_numbers + known])
                begins[n_begins++] = n - 1;
            word[n] = known;
            row[n++] = text;
            counts[class_of[known]] += known != 0;
            if (verb[text] || (bits[i] & figure))
                continue;
            verb[text] = (roles[known] & 1 && (start == first || !(bits[start - 1] & figure)))
                || (i - first >= 6 && bits[i - 4] & bits[i - 5] & bits[i - 6] & in_word
                    && ends_in(codes + i, folded, verb_ends, n_verb_ends));
        }
        n_words[text] += n - n_before;
        first = stop + 1;
    }
    return n_begins;
}

/* Walk trees with 64 samples at a time, a bit each: see trees.py.

   `X` is (n_features, n_samples); feature i has the tests `firsts[i]` to `firsts[i + 1]`, of rising
   `thresholds`. `reached` has a row for each node, first those of the roots. `nodes`, (n_nodes, 4),
   parents first, have the row of the node, its test, and the rows of its children; `leaves`,
   (n_leaves, 2), have a row and a tree. Fills `leaf_values`, (n_trees, n_samples), with the value
   of the leaf that each sample reaches. */
void walk(
    const double *X, int64_t n_features, int64_t n_samples, const int64_t *firsts,
    const double *thresholds, const int32_t *nodes, int64_t n_nodes, const int32_t *leaves,
    const double *values, int64_t n_leaves, int64_t n_trees, uint64_t *passed, uint64_t *reached,
    double *leaf_values)
{
    for (int64_t from = 0; from < n_samples; from += 64) {
        const int64_t n = n_samples - from < 64 ? n_samples - from : 64;
        for (int64_t i = 0; i < n_features; i++) {
            const int64_t first = firsts[i], end = firsts[i + 1];
            for (int64_t test = first; test < end; test++)
                passed[test] = 0;
            for (int64_t j = 0; first < end && j < n; j++) { /* the first test that is passed */
                const double x = X[i * n_samples + from + j];
                int64_t test = first;
                for (int64_t left = end - first; left > 1; left -= left / 2)
                    test += x <= thresholds[test + left / 2 - 1] ? 0 : left / 2;
                if (x <= thresholds[test])
                    passed[test] |= UINT64_C(1) << j;
                else if (test + 1 < end)
                    passed[test + 1] |= UINT64_C(1) << j;
            }
            for (int64_t test = first + 1; test < end; test++)
                passed[test] |= passed[test - 1];
        }
        for (int64_t tree = 0; tree < n_trees; tree++)
            reached[tree] = n < 64 ? (UINT64_C(1) << n) - 1 : UINT64_MAX;
        for (const int32_t *node = nodes; node < nodes + 4 * n_nodes; node += 4) {
            const uint64_t here = reached[node[0]], to_left = here & passed[node[1]];
            reached[node[2]] = to_left;
            reached[node[3]] = here ^ to_left;
        }
        for (int64_t i = 0; i < n_leaves; i++) {
            double *const of_tree = leaf_values + leaves[2 * i + 1] * n_samples + from;
            for (uint64_t here = reached[leaves[2 * i]]; here; here &= here - 1)
                of_tree[LOWEST(here)] = values[i];
        }
    }
}
