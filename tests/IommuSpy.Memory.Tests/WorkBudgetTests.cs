namespace IommuSpy.Memory.Tests;

/// <summary>How much work a process may do where it follows what an image points at.</summary>
public class WorkBudgetTests
{
    [Fact]
    public void A_walk_uses_what_it_may_and_no_more()
    {
        WorkBudget budget = new();
        WorkAllowance allowance = new(budget, Work.Steps, 2500);
        Assert.Equal(2500, Use(ref allowance));
        Assert.Equal(2500, allowance.Used);
        Assert.Empty(budget.Problems);
    }

    [Fact]
    public void Walks_share_a_budget_and_its_end_is_said()
    {
        WorkBudget budget = new(tables: 3000);
        WorkAllowance first = new(budget, Work.Tables, 1500);
        Assert.Equal(1500, Use(ref first));
        first.Finish();
        WorkAllowance second = new(budget, Work.Tables, 10_000);
        Assert.Equal(1500, Use(ref second));
        Assert.Equal("not all was read: this program follows no more than 3000 tables of translations in one run", Assert.Single(budget.Problems));
    }

    [Fact]
    public void A_question_that_is_given_up_fails_where_it_takes_more_and_the_next_goes_on()
    {
        WorkBudget budget = new();
        WorkAllowance allowance = new(budget, Work.Steps, 10_000);
        Assert.True(allowance.TryUse());
        budget.Stop();
        Assert.True(budget.IsStopped);
        Assert.Throws<OperationCanceledException>(() => Use(ref allowance));
        Assert.Throws<OperationCanceledException>(budget.GoOn);
        budget.ForNextQuestion();
        budget.GoOn();
        Assert.False(budget.IsStopped);
        WorkAllowance next = new(budget, Work.Steps, 10_000);
        Assert.Equal(10_000, Use(ref next));
        Assert.Empty(budget.Problems);
    }

    [Fact]
    public void Who_asks_again_and_again_has_all_of_it_each_time()
    {
        WorkBudget budget = new(steps: 100);
        for (int question = 0; question < 3; question++)
        {
            WorkAllowance allowance = new(budget, Work.Steps, 200);
            Assert.Equal(100, Use(ref allowance));
            Assert.NotEmpty(budget.Problems);
            budget.Renew();
            Assert.Empty(budget.Problems);
        }
    }

    [Fact]
    public void Question_after_question_has_all_of_it_and_one_that_was_cut_is_said_from_then_on()
    {
        WorkBudget budget = new(steps: 100);
        for (int question = 0; question < 3; question++)
        {
            budget.ForNextQuestion();
            WorkAllowance allowance = new(budget, Work.Steps, 100);
            Assert.Equal(100, Use(ref allowance));
            Assert.Empty(budget.Problems);
        }

        WorkAllowance more = new(budget, Work.Steps, 1);
        Assert.Equal(0, Use(ref more));
        budget.ForNextQuestion();
        WorkAllowance again = new(budget, Work.Steps, 100);
        Assert.Equal(100, Use(ref again));
        Assert.NotEmpty(budget.Problems);
    }

    [Fact]
    public void What_a_walk_has_taken_and_not_used_is_given_back()
    {
        WorkBudget budget = new(steps: 1024);
        WorkAllowance first = new(budget, Work.Steps, 5000);
        Assert.True(first.TryUse());
        first.Finish();
        WorkAllowance second = new(budget, Work.Steps, 1023);
        Assert.Equal(1023, Use(ref second));
        Assert.Empty(budget.Problems);
    }

    [Fact]
    public void A_kind_of_work_that_ends_leaves_the_others()
    {
        WorkBudget budget = new(extents: 1);
        WorkAllowance extents = new(budget, Work.Extents, 10);
        Assert.Equal(1, Use(ref extents));
        WorkAllowance tables = new(budget, Work.Tables, 10);
        Assert.Equal(10, Use(ref tables));
        Assert.Contains("1 runs of mapped pages", Assert.Single(budget.Problems), StringComparison.Ordinal);
    }

    private static long Use(ref WorkAllowance allowance)
    {
        long used = 0;
        while (allowance.TryUse())
        {
            used++;
        }

        return used;
    }
}
