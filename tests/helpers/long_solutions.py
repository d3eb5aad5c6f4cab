"""Long solutions of one problem: two openings, each longer than 254 tokens, and two methods, one of them written twice.

The problem: in how many ways can 10 equal coins be given to 4 children. Both methods arrive at 286.
"""

OPENING = (
    "Okay, let me think about this problem carefully before I write anything down. We are told that there are ten "
    "coins and four children, and we want to know in how many ways the coins can be handed out. The coins are all "
    "equal, so it does not matter which coin a child receives, only how many. The children are of course different "
    "people, so giving three coins to the first child and none to the second is not the same as the other way round. "
    "A child may also end up with no coin at all, since nothing in the statement forbids it. I should double check "
    "that every coin has to be given away. Yes, the statement says that all ten are handed out, so the four amounts "
    "have to add up to ten. Let me write a, b, c and d for what the first, second, third and fourth child receives. "
    "Then each of a, b, c and d is a whole number that is zero or more, and a + b + c + d = 10. So the question is "
    "how many such quadruples there are. Let me also get a feeling for the size of the answer. If a = 10, everything "
    "else is zero, which is one quadruple. If a = 9, one coin is left for three children, which is three quadruples. "
    "So the numbers grow as a gets smaller, and I would expect a few hundred in the end. It would be easy to make a "
    "slip when listing them one by one, so a cleaner way is needed. Now let me do it properly. "
)

OTHER_OPENING = (
    "First I want to restate what is being asked, because counting problems are easy to misread. Somebody distributes "
    "money among kids: ten pieces, each worth the same and looking the same, go to four recipients whose names are "
    "known. Two distributions differ exactly when at least one recipient gets a different number of pieces. Nobody is "
    "guaranteed anything, and nothing is kept back. A smaller example may help here. With two pieces and two "
    "recipients the possibilities are 2 and 0, 1 and 1, 0 and 2, which makes three. With two pieces and three "
    "recipients I find six. These small values look like binomial coefficients, although I should not rely on such a "
    "pattern without a reason. For the actual sizes a brute-force table would have many rows, and I do not trust "
    "myself to fill it in without an error. There are several standard tools for this kind of task: recursion on the "
    "number of recipients, generating functions, or a bijection with something that is easier to count. I also want "
    "to keep in mind a sanity check for afterwards: the result must be a whole number, it must be larger than the "
    "number of distributions in which everybody gets at least one piece, and it must be smaller than four to the "
    "tenth power, which would be the count if the pieces could be told apart. With that settled, here is the "
    "solution. "
)

BARS = (
    "Draw the ten coins as ten stars in a row. To say who gets which coins, place three bars between the stars: the "
    "stars before the first bar belong to the first child, those between the first and the second bar to the second "
    "child, and so on. Bars may stand next to each other or at the ends, which means that a child gets nothing. Every "
    "distribution gives one row of thirteen symbols, ten stars and three bars, and every such row gives one "
    "distribution. So it is enough to choose which three of the thirteen positions hold the bars. That can be done in "
    "13 choose 3 = 13 · 12 · 11 / 6 = 286 ways. The answer is 286."
)

BARS_AGAIN = (
    "Picture the coins lying in a line as ten stars, and three dividers, the bars, that cut the line into four "
    "segments, one for each child in order. A segment without a star stands for a child who receives nothing. This is "
    "a one-to-one correspondence between the distributions and the arrangements of ten stars and three bars in a row "
    "of thirteen places. An arrangement is fixed by the three places that the bars occupy, so there are C(13, 3) of "
    "them, and C(13, 3) = 1716 / 6 = 286. Hence the number of ways is 286."
)

CASES = (
    "Split into cases by what the first child receives, and use the result for fewer children. For two children who "
    "share m coins there are m + 1 possibilities, one for each amount that the elder takes. For three children who "
    "share m coins, sum over what one of them takes: (m + 1) + m + … + 1 = (m + 1)(m + 2) / 2. For four children and "
    "ten coins, sum once more, over a = 0, 1, …, 10, where m = 10 − a coins remain: 66 + 55 + 45 + 36 + 28 + 21 + 15 "
    "+ 10 + 6 + 3 + 1. Adding from the left: 121, 166, 202, 230, 251, 266, 276, 282, 285, 286. The answer is 286."
)
