package io.annexdb.benchmarks.text;

import net.sf.extjwnl.JWNLException;
import net.sf.extjwnl.data.POS;
import net.sf.extjwnl.data.Pointer;
import net.sf.extjwnl.data.PointerType;
import net.sf.extjwnl.data.Synset;
import net.sf.extjwnl.data.Word;
import net.sf.extjwnl.dictionary.Dictionary;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;

/**
 * Reads all of WordNet 3.1 in an order that makes every beginning of it a fair sample: shuffled,
 * the same way each time, and every meaning after the broader meanings it points to. So the first N
 * glosses cover all domains, and no hypernym link of theirs leads out of them.
 */
public final class WordNet {
    /** Part of the name under which embeddings are cached. */
    public static final String VERSION = "wordnet-3.1";

    private static final Map<POS, Integer> DIGIT_OF_PART =
            Map.of(POS.NOUN, 1, POS.VERB, 2, POS.ADJECTIVE, 3, POS.ADVERB, 4);

    private WordNet() {}

    /** All 117,791 glosses, in about two seconds. */
    public static List<Gloss> read() {
        try {
            Dictionary dictionary = Dictionary.getDefaultResourceInstance();
            List<Gloss> shuffled = new ArrayList<>();
            for (POS part : POS.values()) {
                Iterator<Synset> synsets = dictionary.getSynsetIterator(part);
                while (synsets.hasNext()) {
                    shuffled.add(gloss(synsets.next()));
                }
            }
            shuffled.sort(Comparator.comparingLong(gloss -> mix(gloss.id())));
            return broaderFirst(shuffled);
        } catch (JWNLException e) {
            throw new IllegalStateException("WordNet's data jar cannot be read", e);
        }
    }

    private static Gloss gloss(Synset synset) throws JWNLException {
        return new Gloss(
                id(synset.getPOS(), synset.getOffset()),
                synset.getPOS().getLabel(),
                synset.getLexFileName(),
                synset.getWords().stream().map(Word::getLemma).toList(),
                definition(synset.getGloss()),
                broader(synset));
    }

    private static long id(POS part, long offset) {
        return DIGIT_OF_PART.getOrDefault(part, 9) * 100_000_000L + offset;
    }

    /** Example sentences follow the definition, in quotes. */
    private static String definition(String gloss) {
        int examples = gloss.indexOf("; \"");
        return (examples < 0 ? gloss : gloss.substring(0, examples)).strip();
    }

    /** A hypernym has the part of speech of its hyponym. */
    private static List<Long> broader(Synset synset) throws JWNLException {
        List<Long> ids = new ArrayList<>();
        for (PointerType type : List.of(PointerType.HYPERNYM, PointerType.INSTANCE_HYPERNYM)) {
            for (Pointer pointer : synset.getPointers(type)) {
                ids.add(id(synset.getPOS(), pointer.getTargetOffset()));
            }
        }
        return List.copyOf(new LinkedHashSet<>(ids));
    }

    static List<Gloss> broaderFirst(Collection<Gloss> glosses) {
        Map<Long, Gloss> waiting = new LinkedHashMap<>();
        glosses.forEach(gloss -> waiting.put(gloss.id(), gloss));
        List<Gloss> ordered = new ArrayList<>(glosses.size());
        for (Gloss gloss : glosses) {
            place(gloss, waiting, ordered);
        }
        return ordered;
    }

    /**
     * Recursion as deep as WordNet's hierarchy, which is below twenty; removal first ends cycles.
     */
    private static void place(Gloss gloss, Map<Long, Gloss> waiting, List<Gloss> ordered) {
        if (waiting.remove(gloss.id()) == null) {
            return;
        }
        for (long broader : gloss.broader()) {
            Gloss target = waiting.get(broader);
            if (target != null) {
                place(target, waiting, ordered);
            }
        }
        ordered.add(gloss);
    }

    /** The finalizer of SplitMix64: a fixed shuffle without a generator's state. */
    private static long mix(long value) {
        long z = value + 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
