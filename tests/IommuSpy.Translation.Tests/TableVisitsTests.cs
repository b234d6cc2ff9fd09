using IommuSpy.Memory;

namespace IommuSpy.Translation.Tests;

/// <summary>What a walk visits of tables that lead to one another.</summary>
public sealed class TableVisitsTests
{
    // Beyond them tables are remembered.
    private const int Unremembered = 4096;

    [Fact]
    public void Tables_that_are_there_once_are_visited_when_no_repeats_are_left()
    {
        WorkBudget budget = new(repeats: 10);
        TableVisits visits = new(budget);
        int shared = Enumerable.Range(0, 100_000).Count(_ => visits.TryEnter(new(0x1000), 1));
        Assert.Equal(Unremembered + 1 + 10, shared);
        Assert.True(visits.LimitReached);
        Assert.False(visits.IsExhausted);
        Assert.All(Enumerable.Range(2, 5000), table => Assert.True(visits.TryEnter(new((ulong)table << 12), 1)));
        Assert.True(visits.TryEnter(new(0x1000), 2), "at another level it is another table");
    }

    [Fact]
    public void A_walk_ends_where_no_tables_are_left()
    {
        TableVisits visits = new(new(tables: 5));
        Assert.Equal(5, Enumerable.Range(0, 100).Count(table => visits.TryEnter(new((ulong)table << 12), 1)));
        Assert.True(visits.IsExhausted);
        Assert.True(visits.LimitReached);
    }

    [Fact]
    public void What_a_walk_did_not_use_is_there_for_the_next()
    {
        WorkBudget budget = new(tables: 10, repeats: 0);
        for (int i = 0; i < 2; i++)
        {
            TableVisits visits = new(budget);
            Assert.Equal(5, Enumerable.Range(0, 5).Count(table => visits.TryEnter(new((ulong)table << 12), 1)));
            visits.Finish();
        }

        Assert.Empty(budget.Problems);
    }

    [Fact]
    public void A_large_memory_has_a_larger_budget_and_many_small_ones_have_none()
    {
        WorkBudget budget = new(tables: 1);
        budget.Admit(1UL << 30);
        budget.Admit(1UL << 30);
        TableVisits visits = new(budget);
        int most = Enumerable.Range(0, 1 << 20).Count(table => visits.TryEnter(new((ulong)table << 12), 1));
        Assert.Equal(1 + ((1 << 18) / 16), most);
    }
}
