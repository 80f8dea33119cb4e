package io.annexdb.benchmarks.text;

import java.util.List;

/**
 * One meaning in WordNet.
 *
 * @param id nine digits: part of speech (1 noun, 2 verb, 3 adjective, 4 adverb), then the offset in
 *     WordNet's data file
 * @param partOfSpeech noun, verb, adjective, adverb
 * @param domain lexical domain, for example {@code noun.animal}
 * @param words the words that have this meaning
 * @param definition the explanation, without example sentences
 * @param broader ids of its hypernyms, the broader meanings
 */
public record Gloss(
        long id,
        String partOfSpeech,
        String domain,
        List<String> words,
        String definition,
        List<Long> broader) {}
